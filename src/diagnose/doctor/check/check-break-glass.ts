// Check `break-glass`: can a local account still log in if no managed account can?
import type { Facts } from '../facts.ts';
import { type Finding, found } from '../finding.ts';

export function checkBreakGlass({ breakGlass }: Facts): Finding[] {
  if (breakGlass.some(({ fault }) => fault === null))
    return breakGlass.flatMap(({ name, fault, hasKey }) =>
      fault !== null && hasKey ? [sayFails(name, fault)] : [],
    );
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

/** It has a key, so that someone counts on it. */
function sayFails(name: string, fault: string): Finding {
  return found(
    'break-glass-fails',
    'warning',
    `the local account ${name} has a key and could not log in with it: ${fault}`,
    'correct that, or remove the key if the account need not log in',
  );
}
