// The link `access`: which group gives the user access, or which one is missing.
import { sayTime } from '../../../common/text/relative-time.ts';
import type { BlockFacts, Facts, GroupFacts, PersonFacts } from '../facts.ts';
import { error, ok, unknown, type Verdict } from '../verdict.ts';
import { softenHeldLoss } from './held-loss.ts';
import { sayRebind } from './say-rebind.ts';

export function judgeAccess({ person, config }: Facts): Verdict {
  if (!person.ok || person.value === null) return unknown('the record is not known');
  const { disabled, block, groups, record } = person.value;
  if (block !== null) return explainBlock(block, record.userName);
  if (config.access.groups.length === 0) {
    return error(
      'access-no-groups',
      'access.groups is empty, so no user has access',
      'operator',
      'add the group whose members may log in to access.groups',
    );
  }
  const granting = groups.filter(({ listsPerson }) => listsPerson);
  if (granting.length === 0) return softenHeldLoss(explainExclusion(person.value), person.value);
  if (disabled === 'not-listed-here') {
    const unlisted = error(
      'access-not-listed-here',
      `access.users of this node does not list ${record.userName}`,
      'operator',
      'add that userName to access.users, if the node does not belong to another user',
    );
    return softenHeldLoss(unlisted, person.value);
  }
  const names = granting.map(({ name, grant }) =>
    grant === null ? name : `${name} (by a grant of ${grant.by} until ${sayTime(grant.until)})`,
  );
  return ok(`a member of ${names.join(', ')}`);
}

function explainBlock({ source, detail }: BlockFacts, userName: string): Verdict {
  return error(
    'access-blocked',
    `${userName} is blocked: ${detail}`,
    'operator',
    source === 'overrides'
      ? 'when the block is over, remove it from overrides in the configuration'
      : `when the block is over: sunk-agent unblock ${userName}`,
  );
}

/** Why no access group lists the user. A missing or misspelt group first, since it affects each of its members. */
function explainExclusion({ groups, record, successions }: PersonFacts): Verdict {
  const { userName } = record;
  const missing = groups.find(({ found }) => found === null);
  if (missing !== undefined) return explainMissing(missing, successions);
  const empty = groups.filter(({ found }) => found?.members.length === 0);
  const [first] = groups;
  const names = groups.map(({ name }) => name).join(', ');
  const nested = groups.find(({ found }) => (found?.nested.length ?? 0) > 0);
  if (nested !== undefined && empty.includes(nested)) {
    return error(
      'access-nested-group',
      `all members of the group ${nested.name} are groups, and nested groups are not followed`,
      'provider',
      'assign the users themselves, or each leaf group',
    );
  }
  if (empty.length === groups.length) {
    return error(
      'access-empty-group',
      `the access group ${first?.name ?? ''} has no members at the store`,
      'provider',
      'restore its members and provision the group',
    );
  }
  return error(
    'access-no-member',
    `${userName} is in no access group (${names})`,
    'provider',
    `add the user to ${groups.length > 1 ? 'one of these groups' : 'that group'}`,
  );
}

function explainMissing(
  { name, pinned, lookalikes }: GroupFacts,
  successions: PersonFacts['successions'],
): Verdict {
  const [lookalike] = lookalikes;
  if (lookalike !== undefined && lookalike !== name) {
    return error(
      'access-group-spelling',
      `access.groups names ${name}, but the store has ${lookalike}: case and blanks matter`,
      'operator',
      `write ${lookalike} in access.groups`,
    );
  }
  const succession = successions.find(({ kind, from }) => kind === 'group' && from === pinned);
  if (pinned !== null && (lookalike !== undefined || succession !== undefined)) {
    return error(
      'access-group-pin',
      `the id of group ${name} at the store is not the id that access.groups pins (${pinned}): the group was recreated`,
      'operator',
      succession === undefined
        ? 'if it is the right group, pin the new id in access.groups'
        : sayRebind(succession),
    );
  }
  return error(
    'access-group-missing',
    `the store has no group ${name}, which access.groups names`,
    'provider',
    `provision the group ${name}`,
  );
}
