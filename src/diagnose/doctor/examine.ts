// All checks, in the order in which causes come before their effects.
import { checkBreakGlass } from './check/check-break-glass.ts';
import { checkConfig } from './check/check-config.ts';
import { checkDecisions } from './check/check-decisions.ts';
import { checkDisk } from './check/check-disk.ts';
import { checkHomes } from './check/check-homes.ts';
import { checkLogin } from './check/check-login.ts';
import { checkNames } from './check/check-names.ts';
import { checkPower } from './check/check-power.ts';
import { checkReader } from './check-reader.ts';
import { checkServices } from './check/check-services.ts';
import { checkPublisher } from './check/check-publisher.ts';
import { checkSlurm } from './check/check-slurm.ts';
import { checkSudo } from './check/check-sudo.ts';
import { checkSyncs } from './check/check-syncs.ts';
import { checkSshd } from './check/check-sshd.ts';
import { checkStore } from './check/check-store.ts';
import { checkToken } from './check/check-token.ts';
import type { Facts } from './facts.ts';
import type { Finding, Level } from './finding.ts';

const CHECKS: readonly ((facts: Facts) => Finding[])[] = [
  checkConfig,
  checkDisk,
  checkToken,
  checkStore,
  checkReader,
  checkPublisher,
  // sshd itself resolves names, and fails where there are none.
  checkNames,
  checkSshd,
  checkHomes,
  checkLogin,
  checkSyncs,
  checkDecisions,
  checkBreakGlass,
  checkServices,
  checkSlurm,
  checkPower,
  checkSudo,
];

/** No login of a publisher's people is one of its own node. */
const OF_LOGINS: ReadonlySet<unknown> = new Set([
  checkNames,
  checkSshd,
  checkHomes,
  checkLogin,
  checkBreakGlass,
  checkPower,
  checkSudo,
]);

const RANK: Readonly<Record<Level, number>> = { error: 0, security: 1, unknown: 2, warning: 3 };

/** Pure; the worst first, and among equals causes before effects. */
export function examine(facts: Facts): Finding[] {
  const isPublisher = facts.config.accounts.backend === 'publish';
  const checks = CHECKS.filter((check) => !(isPublisher && OF_LOGINS.has(check)));
  return checks.flatMap((check) => check(facts)).sort((a, b) => RANK[a.level] - RANK[b.level]);
}
