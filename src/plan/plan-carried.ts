// What a publisher takes over from a former one as it stands: accounts and groups that no record of the store has.
import type { DesiredState } from '../policy/model.ts';
import type { Change } from './change.ts';

/** The lines that are not published yet. */
export function planCarried({ carried }: Pick<DesiredState, 'carried'>): Change[] {
  return carried.map((line): Change => {
    const { kind, name, id, isDisabled } = line;
    const common = { scimId: null, name, line: line.line };
    if (kind === 'group')
      return { ...common, kind: 'group-inherit', gid: id, because: 'the former publisher has this group' };
    const because = isDisabled
      ? 'the former publisher has this account, and an operator retired it'
      : 'the former publisher has this account, and the store does not';
    return {
      ...common,
      kind: 'account-inherit',
      uid: id,
      keys: isDisabled ? null : line.keys,
      isDisabled,
      because,
    };
  });
}
