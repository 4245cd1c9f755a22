import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { publish } from '../../../../src/config/publish.ts';
import { decideSecrets, MAX_BYTES, type Maps } from '../../../../src/agent/publication/decide-secrets.ts';
import type { SecretMap, SecretsAnswer } from '../../../../src/protocol/messages.ts';

type Seen = SecretsAnswer['secrets'][number];
const SETTINGS = (() => {
  const { secrets } = publish.parse({ secrets: {} });
  if (secrets === null) throw new Error('no Secrets');
  return secrets;
})();
const MAPS: Maps = {
  passwd: 'alice:x:10000:9999::/home/alice:/bin/bash\n',
  group: 'sunk-users:x:9999:\n',
  shadow: 'alice:*:19000::::::\n',
  sshkey: "alice:['ssh-ed25519 AAAA']\n",
};

function see(map: SecretMap, text: string, isUnaltered: boolean): Seen {
  const bytes = Buffer.from(text, 'latin1');
  return {
    name: `nsscache-${map}`,
    version: '7',
    isUnaltered,
    bytes: bytes.length,
    maps: [
      {
        map,
        hash: createHash('sha256').update(bytes).digest('hex'),
        data: map === 'passwd' && !isUnaltered ? bytes.toString('base64') : null,
      },
    ],
    problem: null,
  };
}

const seeAll = (maps: Maps, isUnaltered: boolean): Seen[] =>
  (['passwd', 'group', 'shadow', 'sshkey'] as const).map((map) => see(map, maps[map], isUnaltered));
const decide = (seen: Seen[], wanted: Maps, settings = SETTINGS, wasFilled = false) =>
  Object.fromEntries(decideSecrets(seen, wanted, settings, () => wasFilled));

describe('the Kubernetes Secrets', () => {
  test('are left alone while they have what they should have', () => {
    expect(Object.values(decide(seeAll(MAPS, true), MAPS)).map(({ action }) => action)).toEqual(
      Array.from({ length: 4 }, () => 'keep'),
    );
  });

  test('of another program are filled where no account is lost and no uid changes', () => {
    const wanted = { ...MAPS, passwd: `${MAPS.passwd}bob:x:10001:9999::/home/bob:/bin/bash\n` };
    const decisions = decide(seeAll(MAPS, false), wanted);
    expect(decisions['nsscache-passwd']).toMatchObject({
      action: 'write',
      write: { version: '7', maps: [{ map: 'passwd', data: Buffer.from(wanted.passwd).toString('base64') }] },
    });
    expect(Object.values(decisions).map(({ action }) => action)).toEqual(
      Array.from({ length: 4 }, () => 'write'),
    );
  });

  test.each([
    [
      'an account is missing here',
      'bob:x:10001:9999::/home/bob:/bin/bash\n',
      '1 account would be gone (bob)',
    ],
    [
      'an account has another uid here',
      'alice:x:4711:9999::/:/bin/sh\n',
      '1 account would get another uid (alice)',
    ],
  ])('of another program all stay as they are while %s', (_, passwd, said) => {
    const decisions = decide(seeAll({ ...MAPS, passwd, sshkey: '' }, false), MAPS);
    for (const decision of Object.values(decisions))
      expect(decision).toEqual({
        action: 'hold',
        problem: { code: 'secret-losses', detail: expect.stringContaining(said) },
      });
    const accepted = decide(seeAll({ ...MAPS, passwd }, false), MAPS, { ...SETTINGS, losses: 'accept' });
    expect(accepted['nsscache-passwd']).toMatchObject({ action: 'write' });
    expect(decide(seeAll({ ...MAPS, passwd }, false), MAPS, SETTINGS, true)['nsscache-passwd']).toMatchObject(
      {
        action: 'write',
      },
    );
  });

  test('lose their last account to no empty map', () => {
    const decisions = decide(seeAll(MAPS, true), { ...MAPS, passwd: '', sshkey: '' });
    expect(Object.values(decisions).map(({ action }) => action)).not.toContain('write');
    expect(decisions['nsscache-passwd']).toMatchObject({ problem: { code: 'secret-empty' } });
  });

  test('that would exceed 1 MiB keep what they have, and the others are written', () => {
    const sshkey = 'x'.repeat(MAX_BYTES + 1);
    const decisions = decide(seeAll(MAPS, true), { ...MAPS, sshkey, group: 'g:x:1:\n' });
    expect(decisions['nsscache-sshkey']).toMatchObject({ problem: { code: 'secret-too-large' } });
    expect(decisions['nsscache-group']).toMatchObject({ action: 'write' });
  });

  test('that cannot be read hold their own reason, and keep no revocation from the others', () => {
    const problem = { code: 'secret-forbidden', detail: 'may not' };
    const seen = seeAll(MAPS, true).map((one) =>
      one.name === 'nsscache-passwd' ? { ...one, version: null, maps: [], problem } : one,
    );
    const decisions = decide(seen, { ...MAPS, sshkey: '' });
    expect(decisions['nsscache-passwd']).toEqual({ action: 'hold', problem });
    expect(decisions['nsscache-sshkey']).toMatchObject({ action: 'write' });
    expect(decide([], MAPS)['nsscache-group']).toMatchObject({ problem: { code: 'api-answer' } });
  });

  test('may share one Secret, which is then written whole', () => {
    const shared = { secret: 'nsscache', key: '' };
    const settings = {
      ...SETTINGS,
      passwd: { ...shared, key: 'passwd' },
      group: { ...shared, key: 'group' },
      shadow: { ...shared, key: 'shadow' },
      sshkey: { ...shared, key: 'sshkey' },
    };
    const seen = { ...see('passwd', MAPS.passwd, true), name: 'nsscache' };
    const decision = decide([seen], MAPS, settings)['nsscache'];
    expect(decision?.action === 'write' && decision.write.maps.map(({ map }) => map)).toEqual([
      'passwd',
      'group',
      'shadow',
      'sshkey',
    ]);
  });

  test('never lose an account of another program unasked, whatever both have', () => {
    const people = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1', '2'));
    const render = (uids: Record<string, string>): string =>
      Object.entries(uids)
        .map(([name, uid]) => `${name}:x:${uid}:1::/:/bin/sh\n`)
        .join('');
    fc.assert(
      fc.property(people, people, (before, after) => {
        const decisions = decide(seeAll({ ...MAPS, passwd: render(before) }, false), {
          ...MAPS,
          passwd: render(after),
        });
        const isSafe = Object.entries(before).every(([name, uid]) => after[name] === uid);
        const isWritten = decisions['nsscache-passwd']?.action === 'write';
        expect(isWritten).toBe(isSafe && Object.keys(after).length > 0);
      }),
    );
  });
});
