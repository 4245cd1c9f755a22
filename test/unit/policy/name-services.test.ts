// What other name services must say before a name or id is granted.
import { describe, expect, it } from 'vitest';
import {
  checkServices,
  collectQuestions,
  countQuestions,
  type Grant,
  NO_QUESTIONS,
  type ServiceAnswer,
} from '../../../src/policy/name-services.ts';

const GRANT: Grant = { name: 'alice', uid: 20100, group: 'team', gid: 31000 };
const QUESTIONS = { names: ['alice'], uids: [20100], groups: ['team'], gids: [31000], members: ['alice'] };
const knowing = (more: Partial<ServiceAnswer> = {}): ServiceAnswer => ({
  service: 'ldap',
  fault: null,
  isMissing: false,
  names: new Map(),
  uids: new Map(),
  groups: new Map(),
  gids: new Map(),
  listed: new Map(),
  unasked: new Set(),
  ...more,
});

/** `CODE: DETAIL`, or null. */
function ask(
  given: readonly ServiceAnswer[],
  { grant = GRANT, questions = QUESTIONS, mustResolve = [] as string[], services = ['ldap'] } = {},
): string | null {
  const fault = checkServices({ services, answers: { questions, given } }, mustResolve).findFault(grant);
  return fault === null ? null : `${fault.code}: ${fault.detail}`;
}

describe('a grant goes', () => {
  it('where no service knows its name or id', () => expect(ask([knowing(), knowing()])).toBeNull());

  it('unasked where there is no service and none that must know anyone', () => {
    const nothing = { services: [], answers: null };
    expect(checkServices(nothing, []).findFault(GRANT)).toBeNull();
    expect(checkServices(nothing, ['canary']).findFault(GRANT)?.code).toBe('nss-unchecked');
    expect(checkServices({ services: ['ldap'], answers: null }, []).findFault(GRANT)).toEqual({
      code: 'nss-unchecked',
      detail: 'the grant waits until the name services of this node are asked for its name and id',
    });
  });

  it.each<[keyof Grant, Partial<typeof QUESTIONS>]>([
    ['name', { names: [] }],
    ['uid', { uids: [] }],
    ['group', { groups: [] }],
    ['gid', { gids: [] }],
  ])('only where its %s was asked for, if it has one', (part, missing) => {
    const questions = { ...QUESTIONS, ...missing };
    expect(ask([knowing()], { questions })).toMatch(/^nss-unchecked: /);
    expect(ask([knowing()], { questions, grant: { ...GRANT, [part]: undefined } })).toBeNull();
  });
});

describe('a grant is refused', () => {
  const person = 'it is not granted; if that is the same person: sunk-agent import';

  it.each<[string, Partial<ServiceAnswer>]>([
    [
      `name-elsewhere: the name service ldap knows alice with the uid 5: ${person}`,
      { names: new Map([['alice', 5]]) },
    ],
    [
      'name-elsewhere: the name service ldap has alice in the group with the gid 27: it is not granted',
      { listed: new Map([['alice', 27]]) },
    ],
    [
      `uid-elsewhere: the name service ldap knows the uid 20100 as bob's: ${person}`,
      { uids: new Map([[20100, 'bob']]) },
    ],
    [
      'group-elsewhere: the name service ldap knows the group team with the gid 5: it is not granted',
      { groups: new Map([['team', 5]]) },
    ],
    [
      'gid-elsewhere: the name service ldap knows the gid 31000 as the group crew: it is not granted',
      { gids: new Map([[31000, 'crew']]) },
    ],
  ])('%s', (expected, known) => {
    expect(ask([knowing(known)])).toBe(expected);
    // Of several services any counts, and before one that gives no answer.
    expect(ask([knowing({ service: 'sss', fault: 'down' }), knowing(known)])).toBe(expected);
    expect(ask([knowing(known)], { grant: {} })).toBeNull();
  });
});

describe('a grant waits', () => {
  it('while there was no time to ask for the groups of its name', () => {
    const late = knowing({ unasked: new Set(['alice']) });
    expect(ask([knowing(), late])).toMatch(/^nss-unchecked: /);
    expect(ask([late], { grant: { uid: 20100 } })).toBeNull();
  });

  it('while a service gives no answer', () => {
    expect(ask([knowing(), knowing({ service: 'sss', fault: 'timed out' })])).toBe(
      'nss-unavailable: the grant waits: the name service sss of nsswitch.conf gives no answer (timed out), so its name and id may be in use there',
    );
  });

  it('while no service knows who must be known', () => {
    const known = knowing({ names: new Map([['canary', 5]]) });
    expect(ask([knowing(), known], { mustResolve: ['canary'] })).toBeNull();
    expect(ask([known], { mustResolve: ['canary', 'other'] })).toBe(
      'nss-must-resolve: the grant waits: no name service of this node knows other (nss.must_resolve), so it may not know others either',
    );
    expect(ask([], { mustResolve: ['canary'], services: [] })).toMatch(/^nss-must-resolve: /);
  });
});

describe('the questions', () => {
  it('are all that is to be granted, each once and sorted, with who must be known', () => {
    const grants = [GRANT, { name: 'bob', uid: 20050 }, { name: 'alice' }, { group: 'crew', gid: 30999 }];
    const questions = collectQuestions(grants, ['canary', 'bob']);
    expect(questions).toEqual({
      names: ['alice', 'bob', 'canary'],
      uids: [20050, 20100],
      groups: ['crew', 'team'],
      gids: [30999, 31000],
      members: ['alice', 'bob'],
    });
    expect(countQuestions(questions)).toBe(11);
  });

  it('are none where nothing is to be granted', () => {
    expect(collectQuestions([], ['canary'])).toEqual({
      names: [],
      uids: [],
      groups: [],
      gids: [],
      members: [],
    });
    expect(countQuestions(NO_QUESTIONS)).toBe(0);
  });
});
