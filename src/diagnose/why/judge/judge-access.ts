// The link `access`: which group lets the person in, or which one is missing.
import { DISABLED_DAY } from '../../../plan/actual.ts';
import type { Facts, GroupFacts, PersonFacts } from '../facts.ts';
import { broken, ok, unknown, warning, type Verdict } from '../verdict.ts';

export function judgeAccess(facts: Facts): Verdict {
  const { person, config } = facts;
  if (!person.ok || person.value === null) return unknown('the record is not known');
  const { closed, block, groups, held, record, actual } = person.value;
  if (block !== null) {
    return broken(
      `${record.userName} is blocked: ${block}`,
      'operator',
      `unblock, if that is over: ${block.startsWith('overrides') ? 'take the line out of the configuration' : 'sunk-agent unblock'}`,
    );
  }
  if (config.access.groups.length === 0) {
    return broken(
      'access.groups is empty, so nobody may log in',
      'operator',
      'name the group whose members may log in under access.groups',
    );
  }
  const letting = groups.filter(({ listsPerson }) => listsPerson);
  if (letting.length === 0) {
    const reason = explainExclusion(groups, record.userName);
    const set = held.find(({ kind }) => kind !== 'frozen');
    if (set === undefined || actual === null || actual.expiryDay === DISABLED_DAY) return reason;
    return warning(
      `${reason.says}; the guard holds the loss, so the account stays open`,
      reason.who ?? 'operator',
      `${reason.mend ?? ''}; or, if it is meant, the operator lets it pass: sunk-agent approve ${set.hash}`,
    );
  }
  if (closed === 'not-listed-here') {
    return broken(
      `access.users of this node does not list ${record.userName}`,
      'operator',
      'add that userName to access.users, if it is not another person’s node',
    );
  }
  return ok(`a member of ${letting.map(({ name }) => name).join(', ')}`);
}

/** Why no access group lists somebody: a vanished or misspelt one first, since that puts everybody out. */
function explainExclusion(groups: PersonFacts['groups'], userName: string): Verdict {
  const missing = groups.find(({ found }) => found === null);
  if (missing !== undefined) return explainMissing(missing);
  const empty = groups.filter(({ found }) => found?.members.length === 0);
  const [first] = groups;
  const names = groups.map(({ name }) => name).join(', ');
  const nested = groups.find(({ found }) => (found?.nested.length ?? 0) > 0);
  if (nested !== undefined && empty.includes(nested)) {
    return broken(
      `the group ${nested.name} has only groups for members, and those are not followed`,
      'provider',
      'assign the people themselves, or each leaf group',
    );
  }
  if (empty.length === groups.length) {
    return broken(
      `the access group ${first?.name ?? ''} has no members at all at the store`,
      'provider',
      'put its members back and provision the group',
    );
  }
  return broken(
    `${userName} is in no access group (${names})`,
    'provider',
    `put that person into ${names.includes(', ') ? 'one of these groups' : 'that group'}`,
  );
}

function explainMissing({ name, pinned, lookalikes }: GroupFacts): Verdict {
  const [lookalike] = lookalikes;
  if (lookalike !== undefined && lookalike !== name) {
    return broken(
      `access.groups names ${name}, but the store has ${lookalike}: case and blanks count`,
      'operator',
      `write ${lookalike} under access.groups`,
    );
  }
  if (pinned !== null && lookalike !== undefined) {
    return broken(
      `the group ${name} has another id at the store than access.groups pins (${pinned}): it was made anew`,
      'operator',
      'pin the new id under access.groups, if it is the right group',
    );
  }
  return broken(
    `the store has no group ${name}, which access.groups names`,
    'provider',
    `provision the group ${name}`,
  );
}
