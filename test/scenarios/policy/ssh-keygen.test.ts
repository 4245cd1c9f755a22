// Keys that ssh-keygen(1) and openssl(1) made or judged, against the policy's own reading of them.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readKeys } from '../../../src/policy/keys/ssh-key.ts';
import { DAMAGE_NAMES, makeCorpus } from '../../support/records/key-corpus.ts';
import { ED, makeSmallPointKey, outcomes } from '../../support/records/sample-keys.ts';
import { askSshKeygen, compareReadings } from '../../support/records/ssh-keygen.ts';
import { propertyRuns } from '../../support/property-runs.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'keys-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

function makeKeyPair(type: string, bits: string): { publicLine: string; privateText: string } {
  const file = join(mkdtempSync(join(directory, 'pair-')), 'id');
  execFileSync('ssh-keygen', ['-q', '-t', type, '-b', bits, '-N', '', '-C', 'alice@laptop', '-f', file]);
  return { publicLine: readFileSync(`${file}.pub`, 'utf8'), privateText: readFileSync(file, 'utf8') };
}

test.each([
  ['ed25519', '256', 'ssh-ed25519'],
  ['ecdsa', '256', 'ecdsa-sha2-nistp256'],
  ['ecdsa', '384', 'ecdsa-sha2-nistp384'],
  ['ecdsa', '521', 'ecdsa-sha2-nistp521'],
  ['rsa', '2048', 'ssh-rsa'],
])('a key that ssh-keygen made is read with its fingerprint: %s %s', (type, bits, name) => {
  const { publicLine } = makeKeyPair(type, bits);
  const [reading] = readKeys([publicLine]);
  const fingerprint = askSshKeygen([publicLine.trim()]).get(0);
  expect(reading).toEqual({
    ok: true,
    key: {
      type: name,
      base64: publicLine.split(' ')[1],
      fingerprint,
      bits: Number(bits),
      securityKey: false,
    },
  });
});

test('of 10,000 sound and damaged keys, ssh-keygen accepts every one that we accept, with the same fingerprint', () => {
  const corpus = makeCorpus(20261124, Math.max(1000, propertyRuns(10_000, 200_000)));
  const { accepted, lax, strict } = compareReadings(corpus);
  expect(lax).toEqual([]);
  expect(strict).toEqual([]);
  expect(accepted).toBeGreaterThan(corpus.length / 3);
  expect(new Set(corpus.map(({ how }) => how))).toEqual(new Set(['sound', ...DAMAGE_NAMES]));
}, 1_800_000);

test('what is read is written back by ssh-keygen’s lights: type and base64 alone have the same fingerprint', () => {
  const readings = readKeys(makeCorpus(5, 300).map((line) => line.text));
  const keys = readings.flatMap((reading) => (reading.ok ? [reading.key] : []));
  const oracle = askSshKeygen(keys.map((key) => `${key.type} ${key.base64}`));
  expect(keys.map((_, index) => oracle.get(index))).toEqual(keys.map((key) => key.fingerprint));
});

test.each([
  ['commas', (lines: readonly string[]) => `${lines.join(',')},`],
  ['semicolons', (lines: readonly string[]) => `${lines.join(';')};`],
  ['a literal \\n', (lines: readonly string[]) => `${lines.join('\\n')}\\n`],
  ['carriage returns and newlines', (lines: readonly string[]) => `${lines.join('\r\n')}\r\n`],
])(
  'keys that were pasted with %s between and after them have the fingerprints that ssh-keygen gives',
  (_, paste) => {
    const lines = ['ed25519', 'ecdsa', 'rsa'].map((type) =>
      makeKeyPair(type, type === 'rsa' ? '2048' : '256').publicLine.trim(),
    );
    const oracle = askSshKeygen(lines);
    const readings = readKeys([paste(lines)]);
    expect(readings.map((reading) => (reading.ok ? reading.key.fingerprint : reading.code))).toEqual(
      lines.map((_line, index) => oracle.get(index)),
    );
  },
);

test.each(['', 'a comment that \\\ngoes on in another line'])(
  'the form of RFC 4716 that ssh-keygen exports is one refusal, and the keys around it are read: %j',
  (comment) => {
    const { publicLine } = makeKeyPair('ed25519', '256');
    const file = join(mkdtempSync(join(directory, 'export-')), 'id.pub');
    writeFileSync(file, publicLine);
    const exported = execFileSync('ssh-keygen', ['-e', '-f', file], { encoding: 'utf8' });
    const block = comment === '' ? exported : exported.replace(/^Comment: .*$/m, `Comment: "${comment}"`);
    const readings = readKeys([`${publicLine}${block}${publicLine}`]);
    expect(readings.filter(({ ok }) => !ok)).toHaveLength(1);
    const fingerprint = askSshKeygen([publicLine.trim()]).get(0);
    const read = readings.flatMap((reading) => (reading.ok ? [reading.key.fingerprint] : []));
    expect(new Set(read)).toEqual(new Set([fingerprint]));
  },
);

test('an invisible character anywhere in a key is refused by ssh-keygen and by us', () => {
  const { publicLine } = makeKeyPair('ed25519', '256');
  const text = publicLine.trim().split(' ').slice(0, 2).join(' ');
  const spoiled = [0, 5, 40].map((at) => `${text.slice(0, at)}\u200b${text.slice(at)}`);
  expect(askSshKeygen(spoiled).size).toBe(0);
  for (const key of spoiled) expect(readKeys([key])).toMatchObject([{ ok: false }]);
});

test('a point of P-256 with a coordinate as small as no real key has one is refused by ssh-keygen', () => {
  const answers = askSshKeygen([makeSmallPointKey(), ED]);
  expect(answers.has(0)).toBe(false);
  expect(answers.has(1)).toBe(true);
});

test.each(['ed25519', 'ecdsa', 'rsa'])(
  'a private key is refused and shown nowhere, in whatever shape it was pasted: %s',
  (type) => {
    const { privateText, publicLine } = makeKeyPair(type, type === 'rsa' ? '3072' : '256');
    const body = privateText.split('\n').slice(1, -2);
    const fingerprint = askSshKeygen([publicLine.trim()]).get(0);
    const pem =
      type === 'rsa'
        ? execFileSync('openssl', ['genrsa', '-traditional', '2048'], {
            encoding: 'utf8',
            stdio: ['ignore', 'pipe', 'ignore'],
          })
        : '';
    const shapes = [
      [privateText],
      privateText.split('\n'),
      [privateText.replaceAll('\n', ' ')],
      [privateText.replaceAll('\n', '\r\n')],
      [body.join('\n')],
      body,
      [`# mine\n${privateText}`],
      ...(pem === '' ? [] : [[pem], pem.split('\n').slice(1), [pem.replaceAll('\n', ' ')]]),
    ];
    for (const shape of shapes) {
      const readings = readKeys(shape);
      expect(readings.map((reading) => (reading.ok ? 'read' : reading.code))).toEqual(['key-private']);
      // PEM does not keep the public half apart.
      const isOpenSsh = !shape.join('\n').includes('RSA PRIVATE') && !shape.join('\n').startsWith('MII');
      expect(readings[0]).toMatchObject(isOpenSsh ? { leaked: fingerprint } : { ok: false });
      const said = JSON.stringify(readings);
      for (const line of body) expect(said).not.toContain(line.slice(0, 12));
    }
    expect(outcomes(`${privateText}${publicLine}`)).toEqual(['key-private', readTypeOf(publicLine)]);
  },
);

function readTypeOf(line: string): string {
  return line.split(' ')[0] ?? '';
}
