// Check `break-glass`: can a local account still log in if no managed account can?
import type { Facts } from '../facts.ts';
import { type Finding, found } from '../finding.ts';

export function checkBreakGlass({ breakGlass }: Facts): Finding[] {
  if (breakGlass.some(({ fault }) => fault === null)) return [];
  const [nearest] = breakGlass;
  const why = nearest === undefined ? 'none has a shell' : `${nearest.name}: ${nearest.fault ?? ''}`;
  return [
    found(
      'break-glass-none',
      'warning',
      `no local account could log in if no managed account can (${why})`,
      'give one local account, root or in sudo, a key in its own ~/.ssh/authorized_keys',
    ),
  ];
}
