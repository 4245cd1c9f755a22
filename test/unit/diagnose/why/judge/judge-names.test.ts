import { describe, expect, test } from 'vitest';
import type { Facts } from '../../../../../src/diagnose/why/facts.ts';
import { judgeNames } from '../../../../../src/diagnose/why/judge/judge-names.ts';
import {
  config,
  healthy,
  notProbed,
  person,
  probed,
  withPerson,
} from '../../../../support/records/healthy.ts';

type Answer = Extract<Facts['names'], { ok: true }>['value'];

const { entry } = person.actual!;
const answering = (more: Partial<Answer>, facts: Facts = healthy): Facts => {
  if (!facts.names.ok) throw new Error('the sample has an answer');
  return { ...facts, names: probed({ ...facts.names.value, ...more }) };
};
const published: Facts['config'] = { ...config, accounts: { ...config.accounts, backend: 'published' } };

describe('the link `names`', () => {
  test('is in order where the name service answers the line, with the managed group', () => {
    expect(judgeNames(healthy)).toMatchObject({ level: 'ok', owner: null });
    // GECOS does not matter to a login.
    expect(judgeNames(answering({ entry: { ...entry, gecos: 'Alice' } })).level).toBe('ok');
  });

  test('warns of another service that knows the account otherwise', () => {
    expect(judgeNames({ ...healthy, conflict: 'sss knows alice with the uid 7' })).toMatchObject({
      level: 'warning',
      code: 'names-conflict',
      detail: expect.stringContaining('uid 7'),
      owner: 'operator',
    });
  });

  test.each<[string, Facts]>([
    ['names-no-shadow', answering({ shadow: null })],
    ['names-silent', answering({ fault: 'timed out' })],
    ['names-silent', answering({ groupsFault: 'timed out', groups: [] })],
    ['names-silent', answering({ shadowFault: 'timed out', shadow: null })],
    ['names-nscd-hangs', answering({ fault: 'timed out', entry: null, groups: [], hasNscd: true })],
    [
      'names-silent',
      answering({ fault: 'timed out', entry: null, uncached: null, groups: [], hasNscd: true }),
    ],
    ['names-missing', answering({ entry: null })],
    [
      'names-missing',
      { ...answering({ entry: null, direct: null }, withPerson({ actual: null })), local: null },
    ],
    ['names-stale-nscd', answering({ entry: null, direct: entry, hasNscd: true })],
    // Where the service itself has no line, nscd is not to blame.
    ['names-missing', answering({ entry: null, direct: null, hasNscd: true })],
    ['names-differ', answering({ entry: { ...entry, uid: 4711 } })],
    ['names-differ', answering({ entry: { ...entry, uid: 0, gid: 0 } })],
    ['names-differ', answering({ entry: { ...entry, gid: 100 } })],
    ['names-differ', answering({ entry: { ...entry, dir: '/' } })],
    ['names-differ', answering({ entry: { ...entry, shell: '/usr/sbin/nologin' } })],
    ['names-stale-nscd', answering({ entry: { ...entry, uid: 4711 }, hasNscd: true })],
    // What a service gives now is not stale.
    [
      'names-differ',
      answering({
        entry: { ...entry, uid: 4711 },
        uncached: { ...entry, uid: 4711 },
        others: [{ service: 'sss', entry: { ...entry, uid: 4711 } }],
        hasNscd: true,
      }),
    ],
    ['names-not-managed', answering({ groups: ['slurm-users'] })],
    ['names-not-managed', answering({ groups: [] })],
    ['names-not-managed', answering({ groups: ['sunk-users-of-old', 'Sunk-Users'] })],
  ])('%s is an error of the operator with a fix', (code, facts) => {
    expect(judgeNames(facts)).toMatchObject({
      level: 'error',
      code,
      owner: 'operator',
      howToFix: expect.stringMatching(/\S/),
    });
  });

  test('names the service that answers first, and that nscd is to be emptied after it', () => {
    const foreign = { ...entry, uid: 4711 };
    const others = [{ service: 'sss', entry: foreign }];
    const { howToFix } = judgeNames(answering({ entry: foreign, uncached: foreign, others, hasNscd: true }));
    expect(howToFix).toMatch(
      /^the service sss answers before files: put files first .*; then nscd -i passwd/,
    );
    expect(judgeNames(answering({ entry: foreign, uncached: foreign, others })).howToFix).not.toContain(
      'nscd',
    );
  });

  test('warns of a service that knows the name with another uid, although it is asked later', () => {
    const others = [{ service: 'sss', entry: { ...entry, uid: 4711 } }];
    expect(judgeNames(answering({ others }))).toMatchObject({
      level: 'warning',
      code: 'names-conflict',
      detail: expect.stringMatching(/sss .*4711.*10000/),
    });
    expect(judgeNames(answering({ others: [{ service: 'sss', entry }] })).level).toBe('ok');
  });

  test('tells both answers where they differ', () => {
    const { detail } = judgeNames(answering({ entry: { ...entry, uid: 4711 } }));
    expect(detail).toContain('4711');
    expect(detail).toContain('10000');
  });

  test('names the service of the backend, and nscd only where it runs', () => {
    const missing = answering({ entry: null });
    expect(judgeNames(missing).howToFix).toMatch(/put files first/);
    expect(judgeNames(answering({ entry: null, direct: null })).howToFix).toContain('files does not find');
    const twice = answering({ entry: { ...entry, uid: 1 }, direct: { ...entry, uid: 1 } });
    expect(judgeNames(twice).howToFix).toContain('getent -s files passwd alice');
    expect(judgeNames({ ...missing, config: published }).howToFix).toMatch(/\bcache\b/);
    expect(judgeNames(answering({ groups: [], hasNscd: true })).howToFix).toContain('nscd');
    expect(judgeNames(answering({ groups: [] })).howToFix).not.toContain('nscd');
  });

  test('compares with the managed line, else that of passwd, else what the service itself has', () => {
    const other = { ...entry, uid: 4711 };
    const noPerson: Facts = { ...healthy, person: notProbed };
    // The managed line takes precedence over both.
    expect(judgeNames({ ...answering({ direct: other }), local: other }).level).toBe('ok');
    expect(judgeNames({ ...answering({ direct: entry }, noPerson), local: other }).code).toBe('names-differ');
    expect(judgeNames({ ...answering({ direct: other }, noPerson), local: null }).code).toBe('names-differ');
    expect(judgeNames({ ...answering({ direct: null }, noPerson), local: null }).level).toBe('ok');
  });

  test('is not known where the name service was not asked', () => {
    expect(judgeNames({ ...healthy, names: notProbed })).toMatchObject({
      level: 'unknown',
      detail: notProbed.why,
    });
  });
});
