// What a server compressed without being asked: understood within the bound, and nothing else.
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { AnswerTooMuch, decodeBody } from '../../../../src/reader/http/body.ts';

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
