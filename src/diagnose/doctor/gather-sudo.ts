// Who may become root here besides what sunk-agent gives, and whether sudo reads what it gives.
import { hostname } from 'node:os';
import path from 'node:path';
import type { NodeContext } from '../../agent/node-context.ts';
import { readLatin1 } from '../../host/fs/read-text.ts';
import { collectSudoers, MANAGED_SUDOERS } from '../../host/sudo/collect-sudoers.ts';
import { readPrivilegedNames } from '../../host/sudo/privileged-names.ts';
import type { Facts } from './facts.ts';

/** @param names enabled managed accounts. */
export function gatherSudo(
  { paths, config }: Pick<NodeContext, 'paths' | 'config'>,
  names: readonly string[],
): Pick<Facts, 'sudo' | 'uncheckedPower'> {
  const { root } = paths;
  const { groups, unchecked } = readPrivilegedNames(root, hostname());
  const managed = new Set(names);
  const members = readLatin1(root, 'etc/group')
    .split('\n')
    .flatMap((line) => {
      const [group = '', , , list = ''] = line.split(':');
      const location = groups.get(group);
      const own = list.split(',').filter((name) => managed.has(name));
      return location === undefined || own.length === 0 ? [] : [{ group, location, names: own }];
    });
  const isGiven = config.access.sudo_groups.length > 0 && paths.sudoers === path.join(root, MANAGED_SUDOERS);
  return {
    sudo: {
      // Another file than that one is included by the image, and only root reads any of them.
      includesManaged:
        isGiven && process.geteuid?.() === 0 ? collectSudoers(root, hostname()).includesManaged : null,
      members,
    },
    uncheckedPower: unchecked,
  };
}
