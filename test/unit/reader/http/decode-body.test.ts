// What a server compressed without being asked: understood within the bound, and nothing else.
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { AnswerTooMuch, decodeBody, parseBody } from '../../../../src/reader/http/answer.ts';

const TEXT = Buffer.from(JSON.stringify({ Resources: Array.from({ length: 100 }, (_, n) => n) }));
const LIMIT = TEXT.length;

test.each([
  ['', TEXT],
  ['identity', TEXT],
  ['gzip', gzipSync(TEXT)],
  ['X-GZIP', gzipSync(TEXT)],
  ['deflate', deflateSync(TEXT)],
  ['Deflate', deflateRawSync(TEXT)],
])('%j is understood, up to the bound itself', async (encoding, sent) => {
  expect(await decodeBody(sent, encoding, LIMIT)).toEqual(TEXT);
});

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
])('%s that becomes larger than the bound is an answer that is too much', async (encoding, compress) => {
  await expect(decodeBody(compress(TEXT), encoding, LIMIT - 1)).rejects.toThrow(AnswerTooMuch);
  const bomb = compress(Buffer.alloc(64 * 1024 * 1024));
  await expect(decodeBody(bomb, encoding, 1024 * 1024)).rejects.toThrow(/scim\.bounds\.page_bytes/);
});

test.each([
  ['gzip', TEXT],
  ['gzip', gzipSync(TEXT).subarray(0, 40)],
  ['deflate', Buffer.from([0x78, 0x9c, 0xff])],
  ['br', TEXT],
  ['gzip, gzip', gzipSync(gzipSync(TEXT))],
  ['\u001b[31m', TEXT],
])('%j that is damaged or unknown is no answer', async (encoding, sent) => {
  const error = (await decodeBody(sent, encoding, LIMIT).catch((thrown: unknown) => thrown)) as Error;
  expect(error).toMatchObject({ code: 'store_answer' });
  expect(error.message).not.toContain('\u001b');
});

test('a byte order mark before the text is ignored, and one alone or twice is no JSON', () => {
  expect(parseBody(Buffer.from('\ufeff{"id":"\ufeff"}'), 9)).toEqual({ id: '\ufeff' });
  for (const text of ['\ufeff', '\ufeff\ufeff{}', ' \ufeff{}'])
    expect(() => parseBody(Buffer.from(text), 9)).toThrow('claims to be JSON and is not');
});

test('numbers beyond all bounds, names of Object and a name that is given twice are only data', () => {
  expect(parseBody(Buffer.from('{"a":1e999,"b":-1e999}'), 9)).toEqual({ a: Infinity, b: -Infinity });
  const value = parseBody(Buffer.from('{"__proto__":{"active":true},"id":"a","id":"b"}'), 9);
  expect(Object.keys(value as object)).toEqual(['__proto__', 'id']);
  expect((value as { active?: unknown }).active).toBeUndefined();
});
