import { describe, expect, test } from 'vitest';
import { checkNames } from '../../../../../src/diagnose/doctor/check/check-names.ts';
import type { Facts } from '../../../../../src/diagnose/doctor/facts.ts';
import { notProbed } from '../../../../support/records/healthy.ts';
import { config, healthyNode, node, withNames } from '../../../../support/records/healthy-node.ts';

type Config = Facts['config'];

const published: Config = { ...config, accounts: { ...config.accounts, backend: 'published' } };
const userFiles = (base: Config): Config => ({ ...base, keys: { ...base.keys, user_files: 'allow' } });

/** The one finding, with a fix in words. */
function only(facts: Facts) {
  const findings = checkNames(facts);
  expect(findings).toMatchObject([{ howToFix: expect.stringMatching(/\S/) }]);
  return findings[0];
}

describe('check `names`', () => {
  test('finds nothing where the name service reads the files, by either service of theirs', () => {
    expect(checkNames(healthyNode)).toEqual([]);
    expect(checkNames(withNames({ services: ['systemd', 'files'] }))).toEqual([]);
    expect(checkNames(withNames({ services: ['compat'] }))).toEqual([]);
  });

  test.each<[string, readonly string[], Config]>([
    ['the files of this node', ['systemd', 'sss'], config],
    ['the files of this node', [], config],
    ['the files of this node', ['cache'], config],
    ['what is published', ['files', 'systemd'], published],
    ['what is published', ['files', 'caching'], published],
  ])('names-order is the error of a passwd line that does not read %s: %j', (_, services, of) => {
    const facts = withNames({ services, differing: ['alice'] }, { config: of });
    expect(only(facts)).toMatchObject({ code: 'names-order', level: 'error', fix: null });
    // The line to write names the service.
    expect(only(facts)?.howToFix.includes('files cache')).toBe(of === published);
  });

  test('accounts that differ are an error, which doctor can fix where nscd is the cause', () => {
    expect(only(withNames({ differing: ['alice'], isStale: true }))).toMatchObject({
      code: 'names-nscd',
      level: 'error',
      fix: 'nscd-flush',
    });
    expect(only(withNames({ differing: ['alice'] }))).toMatchObject({
      code: 'names-differ',
      level: 'error',
      fix: null,
    });
    expect(checkNames(withNames({ isStale: true }))).toEqual([]);
  });

  test('an nscd that hangs is named before what it seems to say', () => {
    const finding = only(withNames({ differing: ['alice'], isNscdHung: true, isStale: true }));
    expect(finding).toMatchObject({
      code: 'names-nscd-hangs',
      fix: null,
      howToFix: 'systemctl restart nscd',
    });
  });

  test('a service that answers before the files is named', () => {
    const finding = only(withNames({ differing: ['alice'], answering: 'sss' }));
    expect(finding?.detail).toMatch(/alice: the service sss answers first$/);
    expect(finding?.howToFix).toMatch(/^put files first/);
  });

  test('of many accounts that differ it names three', () => {
    const detail = only(withNames({ differing: ['a1', 'a2', 'a3', 'a4'] }))?.detail ?? '';
    expect(detail).toContain('a3');
    expect(detail).not.toContain('a4');
  });

  test('a shadow line without the managed accounts is a bypass where users have key files', () => {
    const facts = withNames({ shadowServices: ['systemd'] }, { config: userFiles(config) });
    expect(only(facts)).toMatchObject({ code: 'names-no-shadow', level: 'security', fix: null });
    const unshadowed = { services: ['files', 'cache'], shadowServices: ['files'] };
    expect(only(withNames(unshadowed, { config: userFiles(published) }))?.code).toBe('names-no-shadow');
  });

  test('is none where sshd reads no key file of users, or the line has the accounts', () => {
    expect(checkNames(withNames({ shadowServices: ['systemd'] }))).toEqual([]);
    expect(checkNames(withNames({}, { config: userFiles(config) }))).toEqual([]);
    const both = { shadowServices: ['systemd', 'files'] };
    expect(checkNames(withNames(both, { config: userFiles(config) }))).toEqual([]);
  });

  test('claims nothing where the name service was not asked', () => {
    expect(checkNames(node({ names: notProbed }))).toEqual([]);
  });
});
