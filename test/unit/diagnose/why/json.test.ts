import { expect, test } from 'vitest';
import { judgeChain } from '../../../../src/diagnose/why/chain.ts';
import { renderChain } from '../../../../src/diagnose/why/json.ts';
import { ALICE, healthy, withSshd } from '../../../support/records/healthy.ts';

test('why --json has the fields of schema 2, and beside them those of schema 1', () => {
  const facts = withSshd({ allowusers: ['bob'] });
  const chain = judgeChain(facts);
  const json = JSON.parse(JSON.stringify(renderChain(facts, chain))) as { links: object[] };
  expect(json).toMatchObject({
    schema_version: 2,
    version: 1,
    question: 'alice',
    name: 'alice',
    scimId: ALICE,
    userName: 'alice@example.com',
    mayLogIn: false,
    cause: 'sshd',
    used: null,
  });
  expect(json).toHaveProperty('verdict', expect.stringContaining(chain.cause?.detail ?? '?'));
  const { detail, howToFix } = chain.cause ?? {};
  expect(json.links.at(-1)).toEqual({
    link: 'sshd',
    level: 'error',
    code: 'sshd-allow-users',
    detail,
    owner: 'operator',
    howToFix,
    state: 'broken',
    says: detail,
    who: 'operator',
    mend: howToFix,
  });
  expect(json.links[0]).toMatchObject({ level: 'ok', state: 'ok', owner: null, who: null, mend: null });
});

test('why --json of a user who is not known has no id', () => {
  const facts = { ...healthy, person: { ok: true, value: null } as const, local: null };
  expect(renderChain(facts, judgeChain(facts))).toMatchObject({
    scimId: null,
    userName: null,
    cause: 'record',
  });
});
