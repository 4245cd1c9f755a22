// What the answers of the running node mean. Pure, so that the probes of gather-node.ts decide nothing.
import type { HelperOutput } from '../../host/keys/helper-output.ts';
import type { NameServiceAnswer } from '../../host/nss/name-service.ts';
import type { SshdFinding } from '../../host/sshd/sshd-findings.ts';

/** Names whose entry differs between all services and the one that sunk-agent writes. */
export function findDiffering(
  answers: ReadonlyMap<string, Pick<NameServiceAnswer, 'entry' | 'direct'>>,
): string[] {
  return [...answers].flatMap(([name, { entry, direct }]) =>
    JSON.stringify(entry) === JSON.stringify(direct) ? [] : [name],
  );
}

/** Names that resolve and have no line of shadow: PAM refuses them. */
export function findWithoutShadow(
  answers: ReadonlyMap<string, Pick<NameServiceAnswer, 'entry' | 'shadow'>>,
): string[] {
  return [...answers].flatMap(([name, { entry, shadow }]) =>
    entry !== null && shadow === null ? [name] : [],
  );
}

/**
 * What is wrong with the helper's output for one account; null: nothing.
 * @param expected text of the key file; empty: there is none.
 * @param file its path, for the message.
 */
export function findHelperFault(
  name: string,
  output: HelperOutput,
  expected: string,
  file: string,
): string | null {
  if ('fault' in output) return `the key helper does not run for ${name}: ${output.fault}`;
  return output.text === expected ? null : `the output of the key helper for ${name} differs from ${file}`;
}

/**
 * The findings that count. `sshd -T` needs a user that exists and is in the managed group; before the first one it is
 * asked about root. The settings for the managed group then depend on the drop-in alone, so findings about them count
 * only if it is missing.
 * @param name of the managed account that sshd was asked about; null: of root.
 */
export function findCounting(
  findings: readonly SshdFinding[],
  name: string | null,
  hasDropIn: boolean,
): readonly SshdFinding[] {
  if (name !== null || !hasDropIn) return findings;
  return findings.filter(({ code }) => !code.startsWith('sshd-other-') && code !== 'sshd-allow-groups');
}

/** @param units whether each unit that can serve logins runs; null where that cannot be told, as without systemd. */
export function decideRunning(units: readonly (boolean | null)[]): boolean | null {
  return units.includes(null) ? null : units.includes(true);
}
