// Kills all processes of a uid in one system call, which no process outruns by forking.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

const TIMEOUT_MS = 2000;
/** Uids that no program of a distribution gives: above those of systemd's DynamicUser=, below the reserved 65534. */
const SPARE_UIDS = Array.from({ length: 13 }, (_, index) => 65_520 + index);
/** setresuid(2) in syscalls(2). */
const SETRESUID: Readonly<Record<string, number>> = { x64: 117, arm64: 147 };

/**
 * kill(2) with pid -1 reaches, under one lock, what the caller may signal: with no capability, the processes whose real or
 * saved uid is the caller's real or effective uid, and those in user namespaces that this uid made. The effective uid is
 * the person's. The real and the saved uid are spare ones, so that no process of the person can signal or trace this one
 * first. A uid other than 0 in all three drops every capability (capabilities(7)); unless the kernel says so, nothing is
 * signalled.
 */
const PROGRAM = `
my ($setresuid, $times, $spare, @uids) = map { $_ + 0 } @ARGV;
for my $uid (@uids) {
  defined(my $child = fork) or exit 71;
  if ($child == 0) {
    syscall($setresuid, $spare, $uid, $spare) == 0 or exit 77;
    open(my $status, '<', '/proc/thread-self/status') or exit 77;
    my %sets = map { /^(Cap(?:Prm|Eff)):\\s+([0-9a-f]+)$/ ? ($1, hex $2) : () } <$status>;
    exit 77 if $> != $uid || $< != $spare || $sets{CapPrm} != 0 || $sets{CapEff} != 0 || keys %sets != 2;
    kill 'KILL', -1;
    for (2 .. $times) { select undef, undef, undef, 0.0005; kill 'KILL', -1; }
    exit 0;
  }
  waitpid $child, 0;
  $failed = 1 if $? != 0;
}
exit($failed ? 77 : 0);
`;

/** A uid that no process has, out of those that no account has; null: all are in use. */
export function chooseSpareUid(used: ReadonlySet<number>, random = Math.random): number | null {
  const free = SPARE_UIDS.filter((uid) => !used.has(uid));
  return free[Math.floor(random() * free.length)] ?? null;
}

/**
 * Sends KILL to every process of these uids. Needs CAP_SETUID in this process.
 * @param spare a uid that no process and no account has.
 * @returns whether it was possible; where not, the caller's scan is all there is.
 */
export async function killByUid(uids: readonly number[], spare: number): Promise<boolean> {
  const setresuid = SETRESUID[process.arch];
  if (uids.length === 0 || setresuid === undefined) return false;
  for (const uid of [...uids, spare])
    if (!Number.isInteger(uid) || uid < 1000) throw new RangeError(`uid ${uid} is not a person's`);
  // Processes that take turns with another uid are met by chance; of many people few can be such.
  const times = uids.length > 50 ? 1 : 3;
  try {
    await run('/usr/bin/perl', ['-e', PROGRAM, ...[setresuid, times, spare, ...uids].map(String)], {
      timeout: TIMEOUT_MS + uids.length * 5,
      env: { LC_ALL: 'C' },
    });
    return true;
  } catch {
    return false;
  }
}
