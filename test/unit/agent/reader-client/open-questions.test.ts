// Which question a reply belongs to, when there are several, too many replies, or none.
import { expect, test } from 'vitest';
import { createOpenQuestions, type Reply } from '../../../../src/agent/reader-client/open-questions.ts';
import type { Ask } from '../../../../src/protocol/messages.ts';

function open() {
  const sent: Ask[] = [];
  const questions = createOpenQuestions(
    async (ask) => void sent.push(ask),
    60_000,
    () => {},
  );
  const ask = (): Promise<Reply> =>
    questions.ask<Reply>(
      (n) => ({ ask: 'read', n, kind: 'User', id: `u${n}` }),
      (reply) => (reply.say === 'end' ? undefined : reply),
    );
  return { questions, sent, ask };
}

const failed = (n: number, code: string): Reply => ({ say: 'failed', n, code, message: 'no', hint: '' });
const page = (n: number): Reply => ({
  say: 'end',
  n,
  mode: 'full',
  complete: { User: true, Group: true },
  problems: [],
  server_time: null,
  local_time: 0,
  requests: 1,
  retries: 0,
  bytes: 0,
});
const resource = (n: number): Reply => ({
  say: 'resource',
  n,
  kind: 'User',
  id: `u${n}`,
  found: 'absent',
  problem: null,
  server_time: null,
  local_time: 0,
});

test('each question has a number of its own, and gets the reply with that number', async () => {
  const { questions, sent, ask } = open();
  const [first, second] = [ask(), ask()];
  questions.takeReply(resource(2));
  questions.takeReply(resource(1));
  expect(sent.map((question) => 'n' in question && question.n)).toEqual([1, 2]);
  expect(await Promise.all([first, second])).toEqual([resource(1), resource(2)]);
});

test('a reply that is no answer keeps the question open', async () => {
  const { questions, ask } = open();
  const answer = ask();
  questions.takeReply(page(1));
  questions.takeReply(resource(1));
  expect(await answer).toEqual(resource(1));
});

test('a failure has the code of the reader, unless the reader made that code up', async () => {
  const { questions, ask } = open();
  const [known, unknown] = [ask(), ask()];
  questions.takeReply(failed(1, 'store_unreachable'));
  questions.takeReply(failed(2, 'constructor'));
  await expect(known).rejects.toMatchObject({ code: 'store_unreachable' });
  await expect(unknown).rejects.toMatchObject({ code: 'reader_failed' });
});

test('replies to a number that is not open are dropped, also a second answer', async () => {
  const { questions, ask } = open();
  const answer = ask();
  questions.takeReply(resource(7));
  questions.takeReply(failed(0, 'reader_failed'));
  questions.takeReply(resource(1));
  questions.takeReply(failed(1, 'reader_failed'));
  expect(await answer).toEqual(resource(1));
});

test('after the end every question fails, those that were open and each later one', async () => {
  const { questions, sent, ask } = open();
  const [first, second] = [ask(), ask()];
  questions.end(new Error('gone'));
  await expect(first).rejects.toThrow('gone');
  await expect(second).rejects.toThrow('gone');
  await expect(ask()).rejects.toMatchObject({ code: 'reader_failed' });
  expect(sent).toHaveLength(2);
  expect(questions.isEnded()).toBe(true);
});

test('a question that cannot be sent fails', async () => {
  const questions = createOpenQuestions(
    () => Promise.reject(new Error('no room')),
    60_000,
    () => {},
  );
  const answer = questions.ask(
    (n) => ({ ask: 'read', n, kind: 'User', id: 'u1' }),
    () => undefined,
  );
  await expect(answer).rejects.toThrow('no room');
});

test('a reader that gives no answer is given up in the end', async () => {
  let gaveUp: Error | null = null;
  const questions = createOpenQuestions(
    async () => {},
    5,
    (error) => {
      gaveUp = error;
      questions.end(error);
    },
  );
  const answer = questions.ask(
    (n) => ({ ask: 'pass', n, mode: 'full', since: null }),
    () => undefined,
  );
  await expect(answer).rejects.toMatchObject({
    code: 'reader_failed',
    message: expect.stringContaining('no answer within'),
  });
  expect(gaveUp).not.toBeNull();
});
