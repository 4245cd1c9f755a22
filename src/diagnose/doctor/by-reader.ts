// What the running reader sees, and what one that starts now will see: another token, setting or environment.
import type { ProbeAnswer } from '../../protocol/messages.ts';
import type { Facts } from './facts.ts';
import type { Finding } from './finding.ts';

const RESTART =
  'a new reader does not have this problem: systemctl restart sunk-agent-reader; if it stays, the environment of its unit differs: systemctl cat sunk-agent-reader';

/**
 * The findings about what the running reader meets; where a restart corrects one, that is its fix. Then, as warnings, what
 * its next start brings.
 * @param judge what is wrong with an answer.
 */
export function judgeReaders(
  { probe, agent: { nextProbe, isConfigInForce } }: Pick<Facts, 'probe' | 'agent'>,
  judge: (answer: ProbeAnswer) => readonly Finding[],
): Finding[] {
  const running = probe.ok ? judge(probe.value) : [];
  if (nextProbe === null || !nextProbe.ok) return [...running];
  const next = judge(nextProbe.value);
  const has = (findings: readonly Finding[], code: string): boolean =>
    findings.some((finding) => finding.code === code);
  return [
    ...running.map((finding) =>
      has(next, finding.code) || finding.code === 'store-proxy' ? finding : { ...finding, howToFix: RESTART },
    ),
    ...next
      .filter(({ code }) => !has(running, code) && isOfNext(code, isConfigInForce))
      .map((finding) => ({
        ...finding,
        level: finding.level === 'error' ? ('warning' as const) : finding.level,
        detail: `from the next start of the reader on: ${finding.detail}`,
      })),
  ];
}

/**
 * A reader of this command's has neither the environment of the unit nor its way to the token, so that most of what it
 * meets concerns itself alone; but what the store says to a token it says to any reader.
 */
function isOfNext(code: string, isConfigInForce: boolean | null): boolean {
  return (
    /^token-(?:refused|forbidden|writes)$/.test(code) ||
    (isConfigInForce === false && code.startsWith('store-'))
  );
}
