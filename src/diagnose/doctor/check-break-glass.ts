// Check `break-glass`: would one local account still get in if nobody of the store's could?
import type { Facts } from './facts.ts';
import { type Finding, found } from './finding.ts';

export function checkBreakGlass({ breakGlass }: Facts): Finding[] {
  if (breakGlass.some(({ fault }) => fault === null)) return [];
  const [nearest] = breakGlass;
  const why =
    nearest === undefined ? 'there is none with a shell' : `${nearest.name}: ${nearest.fault ?? ''}`;
  return [
    found(
      'break-glass-none',
      'warning',
      `no local account could log in if the agent locked everybody out (${why})`,
      'give one local account, root or in sudo, a key in its own ~/.ssh/authorized_keys',
    ),
  ];
}
