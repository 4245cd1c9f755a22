import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { readCanaryAnswer } from '../../../../src/host/trial/canary-exchange.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'canary-'));
const file = path.join(directory, 'answer');
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const answer = (content: string | Buffer) => {
  rmSync(file, { recursive: true, force: true });
  writeFileSync(file, content);
  return readCanaryAnswer(directory, 'ab12');
};

test('an answer has what the session printed, and what ssh said', () => {
  expect(answer('ab12 0 127.0.0.1 22 3\nhi\ndebug1: x\n')).toEqual({
    status: 0,
    target: { address: '127.0.0.1', port: 22 },
    output: 'hi\n',
    client: 'debug1: x\n',
  });
});

test('the answer to another request is none, and so is what is no answer', () => {
  expect(answer('ab13 0 127.0.0.1 22 0\n')).toBeNull();
  expect(answer('')).toBeNull();
  rmSync(file);
  expect(readCanaryAnswer(directory, 'ab12')).toBeNull();
});

test('the service is not trusted: a link, a directory and endless bytes', () => {
  rmSync(file, { force: true });
  symlinkSync('/etc/hostname', file);
  expect(readCanaryAnswer(directory, 'ab12')).toBeNull();
  rmSync(file);
  mkdirSync(file);
  expect(readCanaryAnswer(directory, 'ab12')).toBeNull();
  const found = answer(`ab12 0 127.0.0.1 22 999999\n${'x'.repeat(2_000_000)}`);
  expect((found?.output.length ?? 0) + (found?.client.length ?? 0)).toBeLessThanOrEqual(256 * 1024);
});

test('any bytes are an answer or none, and never an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, hasHeader) => {
      const content = Buffer.concat([Buffer.from(hasHeader ? 'ab12 1 ::1 22 7\n' : ''), Buffer.from(bytes)]);
      const found = answer(content);
      expect(found === null).toBe(!hasHeader);
    }),
    { numRuns: 100 },
  );
});
