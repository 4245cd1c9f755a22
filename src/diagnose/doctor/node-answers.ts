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

/** Of an answer that differs: whether nscd(8) alone gives it, and which other service does; null where that is unknown. */
export function explainDiffering({
  entry,
  direct,
  uncached,
  others,
  hasNscd,
}: Pick<NameServiceAnswer, 'entry' | 'direct' | 'uncached' | 'others' | 'hasNscd'>): {
  readonly isStale: boolean;
  readonly service: string | null;
} {
  const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
  const culprit = others.find((other) => isSame(other.entry, entry));
  return { isStale: hasNscd && isSame(uncached, direct), service: culprit?.service ?? null };
}

/** The name service gives no answer, and the services themselves do. */
export function isNscdHung({
  fault,
  hasNscd,
  uncached,
}: Pick<NameServiceAnswer, 'fault' | 'hasNscd' | 'uncached'>): boolean {
  return fault !== null && hasNscd && uncached !== null;
}

/** Names that another service knows with another uid than the one that sunk-agent writes, one clause each. */
export function findOtherwise(
  answers: ReadonlyMap<string, Pick<NameServiceAnswer, 'direct' | 'others'>>,
): { readonly name: string; readonly detail: string }[] {
  return [...answers].flatMap(([name, { direct, others }]) => {
    const other = others.find(({ entry }) => direct !== null && entry.uid !== direct.uid);
    if (other === undefined || direct === null) return [];
    const detail = `the name service ${other.service} knows ${name} with the uid ${other.entry.uid}, which is managed here with ${direct.uid}`;
    return [{ name, detail }];
  });
}

/** Names that resolve and have no line of shadow: PAM refuses them. */
export function findWithoutShadow(
  answers: ReadonlyMap<string, Pick<NameServiceAnswer, 'entry' | 'shadow' | 'shadowFault'>>,
): string[] {
  return [...answers].flatMap(([name, { entry, shadow, shadowFault }]) =>
    entry !== null && shadow === null && shadowFault === null ? [name] : [],
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
