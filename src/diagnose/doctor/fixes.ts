// What `doctor --fix` does by itself: only what gives nobody more than they had, said first and audited.
import { chmodSync, chownSync, lstatSync } from 'node:fs';
import path from 'node:path';
import { describeError } from '../../common/errors.ts';
import { tellNscd } from '../../host/nss/nscd.ts';
import { applySshd } from '../../host/sshd/sshd.ts';
import { helperUnder } from '../../host/sshd/sshd-drop-in.ts';
import { locateToken } from '../../config/tokens.ts';
import { attempt, nameRefusal } from '../../common/system-error.ts';
import { recordAct } from '../../agent/report/audit.ts';
import type { NodeContext } from '../../agent/node-context.ts';
import type { Finding, FixName } from './finding.ts';

interface Fix {
  /** What will be done, as it follows "will". */
  readonly does: (place: NodeContext) => string;
  readonly run: (place: NodeContext) => Promise<void> | void;
}

const FIXES: Readonly<Record<FixName, Fix>> = {
  'sshd-drop-in': {
    does: () => 'write /etc/ssh/sshd_config.d/10-sunk-agent.conf, if sshd accepts it, and have sshd read it',
    run: async ({ config, paths }) => void (await applySshd(config, 'root', paths.root)),
  },
  'helper-rights': {
    does: ({ paths }) => `give ${helperUnder(paths.root)} and its folder to root, writable by root alone`,
    run: ({ paths }) => {
      const helper = helperUnder(paths.root);
      own([path.dirname(helper), helper], 0, 0o755);
    },
  },
  'nscd-flush': { does: () => 'empty the caches of nscd', run: () => tellNscd() },
  'token-rights': {
    does: (place) => `set owner root, group of the reader and mode 0640 on ${listTokens(place).join(', ')}`,
    run: (place) => own(listTokens(place), findGroup(place.paths.credentials), 0o640),
  },
  'state-rights': {
    does: ({ paths }) => `give ${paths.state} to root, mode 0700`,
    run: ({ paths }) => own([paths.state], 0, 0o700),
  },
  'key-folder-rights': {
    does: ({ paths }) => `give ${paths.keys} to root, mode 0755`,
    run: ({ paths }) => own([paths.keys], 0, 0o755),
  },
};

/**
 * Says each thing, leaves a line in the audit trail and does it; what cannot be done is said, and keeps no other from
 * being done. A trail that cannot be written keeps nothing open either.
 * @returns what could not be done: what, where, and how to mend it; one sentence a failure.
 */
export async function applyFixes(
  findings: readonly Finding[],
  place: NodeContext,
  say: (line: string) => void,
): Promise<string[]> {
  const failures: string[] = [];
  const tryOut = async (what: string, work: () => Promise<void> | void): Promise<string | null> => {
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
    const does = fix.does(place);
    const record = (detail: string) =>
      tryOut(`${name} is not on the audit trail`, () =>
        recordAct(place.paths, { act: 'doctor-fix', subject: name, detail }),
      );
    say(`will ${does}`);
    await record(does);
    const failure = await tryOut(`${name} is not mended`, () => fix.run(place));
    if (failure !== null) await record(failure);
  }
  return failures;
}

/**
 * Never through a link: what is one is left alone, and stays a finding. One that refuses keeps no other from its owner.
 * @throws AgentError host_write: the first that refused.
 */
function own(files: readonly string[], gid: number, mode: number): void {
  const refusals = files.flatMap((file) => {
    try {
      attempt(`cannot set owner and mode of ${file}`, () => ownOne(file, gid, mode));
      return [];
    } catch (error) {
      return [error];
    }
  });
  if (refusals.length > 0) throw refusals[0];
}

function ownOne(file: string, gid: number, mode: number): void {
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

/** The group of the credentials' folder (tmpfiles.d gives it to the reader). */
function findGroup(folder: string): number {
  return lstatSync(folder, { throwIfNoEntry: false })?.gid ?? 0;
}
