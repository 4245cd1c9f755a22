// The benchmarks by name, in the order of the table; `login` runs all that begin so, `login/logins` one of them.
import { benchCli } from './cli.ts';
import { benchDelta } from './delta.ts';
import { benchFleet } from './fleet.ts';
import { benchGrants } from './grants.ts';
import { benchHost } from './host.ts';
import { benchIdle } from './idle.ts';
import { benchLogin } from './login.ts';
import { benchLogins } from './logins.ts';
import { benchNss } from './nss.ts';
import { benchNssSssd } from './nss-sssd.ts';
import { benchPeers } from './peers.ts';
import { benchPublish } from './publish.ts';
import { benchPublishFromStore } from './publish-store.ts';
import { benchRevokeForkers } from './revoke-forkers.ts';
import { benchRevoke } from './revoke.ts';
import type { Row } from './row.ts';
import { benchSlurm } from './slurm.ts';
import { benchStart } from './start.ts';
import { benchSudoers } from './sudoers.ts';
import { benchSync } from './sync.ts';
import { benchTestbed } from './testbed.ts';
import { benchTrial } from './trial.ts';

export type Bench = () => Row[] | Promise<Row[]>;

/** These boot nodes, or make namespaces: as root on Debian or Ubuntu alone. */
const ON_NODES: ReadonlySet<string> = new Set([
  'login/peers',
  'login/logins',
  'login/revoke',
  'login/revoke-polled',
  'login/revoke-forkers',
  'login/revoke-forkers-pod',
  'grants',
  'nss/files',
  'nss/sssd',
  'publish',
  'slurm',
  'trial',
]);

export const needsNode = (name: string): boolean => ON_NODES.has(name);

const BENCHES: Readonly<Record<string, Bench>> = {
  'login/helper': benchLogin,
  'login/peers': benchPeers,
  'login/logins': benchLogins,
  'login/revoke': () => benchRevoke('events'),
  'login/revoke-polled': () => benchRevoke('polls'),
  'login/revoke-forkers': () => benchRevokeForkers('node'),
  'login/revoke-forkers-pod': () => benchRevokeForkers('pod'),
  'sync/sizes': benchSync,
  'sync/daemon': benchDelta,
  host: benchHost,
  sudoers: benchSudoers,
  grants: benchGrants,
  cli: benchCli,
  trial: benchTrial,
  start: benchStart,
  idle: benchIdle,
  'nss/files': benchNss,
  'nss/sssd': benchNssSssd,
  fleet: benchFleet,
  publish: async () => [...(await benchPublish()), ...(await benchPublishFromStore())],
  slurm: () => benchSlurm(),
  testbed: benchTestbed,
};

export const BENCH_NAMES: readonly string[] = Object.keys(BENCHES);

/**
 * @param names none: all.
 * @throws Error for a name that no benchmark has.
 */
export function chooseBenches(names: readonly string[]): (readonly [name: string, bench: Bench])[] {
  const isMeant = (bench: string, name: string): boolean => bench === name || bench.startsWith(`${name}/`);
  for (const name of names)
    if (!BENCH_NAMES.some((bench) => isMeant(bench, name))) throw new Error(`there is no benchmark ${name}`);
  return Object.entries(BENCHES).filter(
    ([bench]) => names.length === 0 || names.some((name) => isMeant(bench, name)),
  );
}
