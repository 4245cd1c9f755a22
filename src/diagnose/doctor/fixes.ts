// What `doctor --fix` does by itself: only what grants no access. Each fix is announced first, and audited.
import { chmodSync, chownSync, lstatSync } from 'node:fs';
import path from 'node:path';
import { describeError } from '../../common/errors.ts';
import { settleKeyDirectory } from '../../host/keys/directory-rights.ts';
import { tellNscd } from '../../host/nss/nscd.ts';
import { applySshd } from '../../host/sshd/sshd.ts';
import { helperUnder } from '../../host/sshd/sshd-drop-in.ts';
import { locateToken } from '../../config/tokens.ts';
import { attempt, nameRefusal } from '../../common/system-error.ts';
import { restrictVolume } from '../../agent/reconcile/volume-rights.ts';
import { recordAct } from '../../agent/report/audit.ts';
import type { NodeContext } from '../../agent/node-context.ts';
import type { Finding, FixName } from './finding.ts';

interface Fix {
  /** What will be done, as it follows "will". */
  readonly does: (context: NodeContext) => string;
  readonly run: (context: NodeContext) => Promise<void> | void;
}

const FIXES: Readonly<Record<FixName, Fix>> = {
  'sshd-drop-in': {
    does: () => 'write /etc/ssh/sshd_config.d/10-sunk-agent.conf, if sshd accepts it, and have sshd read it',
    run: async ({ config, paths }) => {
      // Every user may read the key files before sshd reads them itself, and no longer once it does not.
      if (config.keys.serve === 'file') await settleKeyDirectory(config, paths);
      await applySshd(config, 'root', paths.root);
      await settleKeyDirectory(config, paths);
    },
  },
  'helper-rights': {
    does: ({ paths }) =>
      `make root the only owner and writer of ${helperUnder(paths.root)} and its directory`,
    run: ({ paths }) => {
      const helper = helperUnder(paths.root);
      setRights([path.dirname(helper), helper], 0, 0o755);
    },
  },
  'nscd-flush': { does: () => 'empty the caches of nscd', run: () => tellNscd() },
  'token-rights': {
    does: (context) =>
      `set owner root, group of the reader and mode 0640 on ${listTokens(context).join(', ')}`,
    run: (context) => setRights(listTokens(context), findGroup(context.paths.credentials), 0o640),
  },
  'state-rights': {
    does: ({ paths }) =>
      `set owner root and mode 0700 on ${paths.state}, and 0600 on the files of the state database`,
    run: ({ paths }) => {
      setRights([paths.state], 0, 0o700);
      restrictVolume(paths, true);
    },
  },
  'key-folder-rights': {
    does: ({ paths }) => `set owner root on ${paths.keys}, and the mode that keys.serve needs`,
    run: async ({ config, paths }) => {
      const isDirectory = lstatSync(paths.keys, { throwIfNoEntry: false })?.isDirectory() === true;
      if (process.geteuid?.() === 0 && isDirectory) chownSync(paths.keys, 0, -1);
      await settleKeyDirectory(config, paths);
    },
  },
};

/**
 * Announces each fix, writes a line to the audit trail and applies it. A fix that fails, or an audit trail that cannot be
 * written, is reported and delays no other fix.
 * @returns one sentence for each failure: what failed, where, and how to correct it.
 */
export async function applyFixes(
  findings: readonly Finding[],
  context: NodeContext,
  say: (line: string) => void,
): Promise<string[]> {
  const failures: string[] = [];
  const tryStep = async (what: string, work: () => Promise<void> | void): Promise<string | null> => {
    try {
      await work();
      return null;
    } catch (error) {
      const failure = `${what}: ${describeError(nameRefusal(error))}`;
      failures.push(failure);
      say(failure);
      return failure;
    }
  };
  const names = new Set(findings.flatMap(({ fix }) => (fix === null ? [] : [fix])));
  for (const name of names) {
    const fix = FIXES[name];
    const record = (detail: string) =>
      tryStep(`${name} is not on the audit trail`, () =>
        recordAct(context.paths, { act: 'doctor-fix', subject: name, detail }),
      );
    let does: string | null = null;
    await tryStep(`${name} is not fixed`, () => void (does = fix.does(context)));
    if (does === null) continue;
    say(`will ${does as string}`);
    await record(does);
    const failure = await tryStep(`${name} is not fixed`, () => fix.run(context));
    if (failure !== null) await record(failure);
  }
  return failures;
}

/**
 * Never through a symbolic link: a link stays as it is, and stays a finding. All files are tried.
 * @throws AgentError host_write: the first failure.
 */
function setRights(files: readonly string[], gid: number, mode: number): void {
  const failures = files.flatMap((file) => {
    try {
      attempt(`cannot set owner and mode of ${file}`, () => setRightsOf(file, gid, mode));
      return [];
    } catch (error) {
      return [error];
    }
  });
  if (failures.length > 0) throw failures[0];
}

function setRightsOf(file: string, gid: number, mode: number): void {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined || found.isSymbolicLink()) return;
  if (process.geteuid?.() === 0) chownSync(file, 0, gid);
  chmodSync(file, mode);
}

function listTokens({ config, paths }: NodeContext): string[] {
  return config.scim.tokens
    .map((source) => locateToken(source, paths.root, {}))
    .filter((file) => lstatSync(file, { throwIfNoEntry: false }) !== undefined);
}

/** The group of the credentials directory, which tmpfiles.d sets to the reader's. */
function findGroup(directory: string): number {
  return lstatSync(directory, { throwIfNoEntry: false })?.gid ?? 0;
}
