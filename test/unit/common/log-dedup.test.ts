// A failure that lasts is logged once, then every hundredth time, and its end is logged.
import { expect, test } from 'vitest';
import { createLogDedup, type Failure } from '../../../src/common/log-dedup.ts';
import type { Logger } from '../../../src/common/log.ts';

/** A logger that keeps `level message` and the fields of each line. */
function collectLines() {
  const lines: { text: string; fields: object }[] = [];
  const write = (level: string) => (fields: object, message: string) =>
    void lines.push({ text: `${level} ${message}`, fields });
  const log = { info: write('info'), warn: write('warn'), error: write('error') } as unknown as Logger;
  return { log, lines };
}

const failure = (text: string): Failure => ({
  text,
  level: 'error',
  message: `cannot do ${text}`,
  fields: { name: text },
});

test('a failure is logged once, its end too, and a failure that comes back is new', () => {
  const { log, lines } = collectLines();
  const dedup = createLogDedup(log);
  for (const text of ['a', 'a', 'b', null, null, 'a']) dedup.note(text);
  expect(lines.map(({ text }) => text)).toEqual([
    'warn a',
    'info over: a',
    'warn b',
    'info over: b',
    'warn a',
  ]);
  expect(lines[1]?.fields).toEqual({ times: 2 });
});

test('a failure that lasts is logged again every hundredth time', () => {
  const { log, lines } = collectLines();
  const dedup = createLogDedup(log);
  for (let n = 0; n < 250; n += 1) dedup.note('a');
  expect(lines.map(({ fields }) => fields)).toEqual([{ times: 1 }, { times: 101 }, { times: 201 }]);
});

test('of several failures each is followed alone, with its own level and fields', () => {
  const { log, lines } = collectLines();
  const dedup = createLogDedup(log);
  dedup.noteAll([failure('a'), failure('b')], { sync: 1 });
  dedup.noteAll([failure('b'), failure('c')], { sync: 2 });
  expect(lines).toEqual([
    { text: 'error cannot do a', fields: { sync: 1, name: 'a', times: 1 } },
    { text: 'error cannot do b', fields: { sync: 1, name: 'b', times: 1 } },
    { text: 'info over: a', fields: { sync: 2, times: 1 } },
    { text: 'error cannot do c', fields: { sync: 2, name: 'c', times: 1 } },
  ]);
});
