// The pipe between the two processes under hostile bytes: what each side believes, and that nothing breaks it open.
import fc from 'fast-check';
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { AgentError } from '../../../src/common/errors.ts';
import { openChannel } from '../../../src/protocol/channel.ts';
import { makeConfig } from '../../support/records/organisation.ts';
import { askSchema, saySchema } from '../../../src/protocol/messages.ts';
import { openReader } from '../../../src/agent/reader-client/reader-client.ts';
import { makeAnyText } from '../../support/records/any-text.ts';
import { propertyRuns } from '../../support/property-runs.ts';

const RUNS = propertyRuns(500, 100_000);
vi.setConfig({ testTimeout: 60_000 + RUNS * 10 });

const MAX = 200;
const END = { say: 'end', n: 1, mode: 'full', complete: { User: true, Group: true }, problems: [] };
const QUESTION = { mode: 'full', since: null } as const;
const IGNORE_PAGES = (): number => 0;
const BOUNDS = makeConfig().scim.bounds;
const NUMBERS = { server_time: null, local_time: 0, requests: 1, retries: 0, bytes: 0 };

/** One end of a pipe: the test writes the input, and `sent` collects the output. */
function makePipe(): { stream: Duplex; sent: string[] } {
  const sent: string[] = [];
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      sent.push(chunk.toString());
      done();
    },
  });
  return { stream, sent };
}

/** What a channel makes of these chunks, and why it closed, if it did. */
async function readChunks(chunks: readonly Uint8Array[]) {
  const { stream } = makePipe();
  const messages: unknown[] = [];
  const lines: string[] = [];
  let closed: Error | null | undefined;
  const channel = openChannel(stream, MAX);
  channel.onLine((line) => {
    lines.push(line.toString('latin1'));
    return line[0] === 0x70;
  });
  channel.onMessage((message) => messages.push(message));
  channel.onClose((error) => (closed = error));
  for (const chunk of chunks) if (!stream.destroyed) stream.push(chunk);
  await turn();
  await turn();
  return { messages, lines, closed };
}

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1))), bytes.length].sort(
    (a, b) => a - b,
  );
  return ends
    .map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end))
    .filter(({ length }) => length > 0);
}

const anyLine = fc.oneof(
  { weight: 4, arbitrary: fc.json() },
  fc.constantFrom(
    '',
    '{',
    'null',
    'page 1 User [',
    '{"__proto__":{"say":"end"}}',
    '[[[[',
    '\ufeff{}',
    '"\ud800"',
  ),
  makeAnyText(30),
);
const anyBytes = fc.oneof(
  fc.array(anyLine, { maxLength: 8 }).map((lines) => Buffer.from(lines.join('\n'))),
  fc.uint8Array({ maxLength: 300 }),
);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test('whatever bytes come, in whatever pieces, each whole line is read in its order, up to the first that is no JSON', async () => {
  await fc.assert(
    fc.asyncProperty(anyBytes, fc.array(fc.nat(400), { maxLength: 6 }), async (bytes, places) => {
      const whole = Buffer.from(bytes).toString('latin1').split('\n').slice(0, -1);
      const lines = whole.filter((line) => line !== '');
      const text = (line: string): string => Buffer.from(line, 'latin1').toString('utf8');
      const bad = lines.findIndex((line) => !line.startsWith('p') && !isJson(text(line)));
      const good = bad < 0 ? lines : lines.slice(0, bad);
      fc.pre(
        Math.max(
          0,
          ...Buffer.from(bytes)
            .toString('latin1')
            .split('\n')
            .map(({ length }) => length),
        ) <= MAX,
      );
      const { messages, lines: seen, closed } = await readChunks(cut(bytes, places));
      expect(messages).toEqual(
        good.filter((line) => !line.startsWith('p')).map((line) => JSON.parse(text(line)) as unknown),
      );
      expect(seen).toEqual(bad < 0 ? lines : lines.slice(0, bad + 1));
      if (bad < 0) expect(closed).toBeUndefined();
      else expect(closed).toBeInstanceOf(SyntaxError);
    }),
    { numRuns: RUNS },
  );
});

test('a line without an end closes the channel once it is too long, in however small pieces it comes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 80 }),
      fc.integer({ min: 0, max: 2 * MAX }),
      async (piece, length) => {
        const pieces = Array.from({ length: Math.ceil(length / piece) }, () => Buffer.alloc(piece, 'x'));
        const { messages, closed } = await readChunks([Buffer.from('1\n'), ...pieces]);
        expect(messages).toEqual([1]);
        if (pieces.length * piece > MAX) expect(closed?.message).toBe(`a line of more than ${MAX} bytes`);
        else expect(closed).toBeUndefined();
      },
    ),
    { numRuns: Math.min(RUNS, 5000) },
  );
});

test('what one side sends the other receives, whatever texts are in it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ text: makeAnyText(20), more: fc.jsonValue() }), { maxLength: 5 }),
      async (values) => {
        const { stream, sent } = makePipe();
        const channel = openChannel(stream);
        for (const value of values) await channel.send(value);
        const { messages } = await readChunks(sent.map((line) => Buffer.from(line)));
        const expected = JSON.parse(JSON.stringify(values)) as unknown[];
        if (sent.every((line) => Buffer.byteLength(line) <= MAX)) expect(messages).toEqual(expected);
      },
    ),
    { numRuns: RUNS },
  );
});

/** A sound answer of which one part is exchanged for anything, left out, or joined by something foreign. */
const damagedAnswer = fc
  .tuple(
    fc.constantFrom<Record<string, unknown>>(
      { ...END, ...NUMBERS },
      {
        say: 'resource',
        n: 1,
        kind: 'User',
        id: 'u',
        found: 'absent',
        problem: null,
        server_time: 1,
        local_time: 1,
      },
      { say: 'look', mode: 'event', resources: [{ kind: 'User', id: 'u' }] },
      { say: 'traffic', statuses: { 200: 1 }, retries: 0 },
      { say: 'failed', n: 1, code: 'store_answer', message: 'm', hint: 'h' },
      { say: 'hello', protocol: 4 },
    ),
    fc.nat(20),
    fc.oneof(fc.jsonValue(), fc.constantFrom(-1, 1e308, 0.5, 'User', [], {}, null)),
    fc.constantFrom('exchange', 'drop', 'add', 'keep'),
  )
  .map(([answer, place, value, how]): unknown => {
    const keys = Object.keys(answer);
    const key = keys[place % keys.length]!;
    if (how === 'keep') return answer;
    if (how === 'add') return { ...answer, foreign: value };
    return Object.fromEntries(
      Object.entries(answer).flatMap(([name, old]) =>
        name !== key ? [[name, old]] : how === 'drop' ? [] : [[name, value]],
      ),
    );
  });

test('the agent accepts an answer only if it has the shape of one, and reads nothing after one that has not', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(damagedAnswer, fc.jsonValue()), { maxLength: 6 }), async (values) => {
      const says = JSON.parse(JSON.stringify(values)) as unknown[];
      const { stream, sent } = makePipe();
      const reader = openReader(stream, BOUNDS);
      const received: unknown[] = [];
      reader.watch((look) => received.push(look));
      reader.onTraffic((traffic) => received.push(traffic));
      const pass = reader.fetch(QUESTION, IGNORE_PAGES).then(
        (end) => end,
        (error: unknown) => error,
      );
      stream.push(says.map((say) => `${JSON.stringify(say)}\n`).join(''));
      await turn();
      await turn();
      const bad = says.findIndex((say) => !saySchema.safeParse(say).success);
      expect(stream.destroyed).toBe(bad >= 0);
      const good = (bad < 0 ? says : says.slice(0, bad)) as { say: string; n?: number }[];
      expect(received).toEqual(good.filter(({ say }) => say === 'look' || say === 'traffic'));
      reader.close();
      const last = good.find(({ say, n }) => n === 1 && (say === 'end' || say === 'failed'));
      const answer = await pass;
      if (last?.say === 'end') expect(answer).toEqual(last);
      else expect(answer).toBeInstanceOf(AgentError);
      for (const line of sent) expect(askSchema.safeParse(JSON.parse(line)).success).toBe(true);
    }),
    { numRuns: RUNS },
  );
});

test('a pipe that breaks off in the middle of a line ends each question, and no half of it is believed', async () => {
  const line = `${JSON.stringify({ ...END, ...NUMBERS })}\n`;
  for (let length = 0; length < line.length; length += 1) {
    const { stream } = makePipe();
    const pass = openReader(stream, BOUNDS).fetch(QUESTION, IGNORE_PAGES);
    stream.push(line.slice(0, length));
    await turn();
    stream.destroy();
    await expect(pass).rejects.toMatchObject({ code: 'reader_failed' });
  }
});

test('a page or an answer to a question that was never asked, or is answered already, goes nowhere', async () => {
  const { stream } = makePipe();
  const reader = openReader(stream, BOUNDS);
  const pages: string[] = [];
  const pass = reader.fetch(QUESTION, ({ n }) => pages.push(`line of ${n}`));
  const end = { ...END, ...NUMBERS };
  for (const line of [
    'page 2 User []',
    JSON.stringify({ ...end, n: 2 }),
    'page 1 User []',
    JSON.stringify(end),
    'page 1 User []',
    JSON.stringify({ ...end, requests: 9 }),
  ])
    stream.push(`${line}\n`);
  expect(await pass).toEqual(end);
  expect(pages).toEqual(['line of 1']);
  expect(stream.destroyed).toBe(false);
  reader.close();
});
