// Lines of a former publisher as edits of passwd, shadow and group; pure.
import type { ChangeOf } from '../../plan/change.ts';
import { DISABLED_SHELL } from '../../policy/accounts.ts';
import { DISABLED_FIELD, newShadow, withExpiry } from './passwd-format.ts';
import type { Allocations } from './account-misfit.ts';
import type { Edit } from './edit-accounts.ts';

const SHELL = 6;

/** Adds the line as it stands; that of a disabled account with the shell and the expiry of one. */
export function inheritLine(
  change: ChangeOf<'account-inherit' | 'group-inherit'>,
  edit: Edit,
  today: number,
  { accounts, uids, groups, gids }: Allocations,
): void {
  const { name } = change;
  const fields = change.line.split(':');
  if (change.kind === 'group-inherit') {
    edit('group', name, () => fields);
    groups.set(name, change.gid);
    gids.set(change.gid, name);
    return;
  }
  const { isDisabled, uid } = change;
  edit('passwd', name, () => (isDisabled ? fields.with(SHELL, DISABLED_SHELL) : fields));
  edit('shadow', name, () => withExpiry(newShadow(name, today), isDisabled ? DISABLED_FIELD : ''));
  accounts.set(name, uid);
  uids.set(uid, name);
}
