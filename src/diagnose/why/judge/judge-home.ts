// The link `home`: does it exist, does it belong to the user, can the user reach it? Without it a session starts in /.
import type { HomeProbe } from '../../../host/homes/home-probe.ts';
import { isHomeFault } from '../../../policy/identity/own-home.ts';
import type { Facts } from '../facts.ts';
import { error, ok, unknown, warning, type Verdict } from '../verdict.ts';
import { fixHome } from './account-refusal.ts';

export function judgeHome({ home, names, config, person, keyFile }: Facts): Verdict {
  const entry = names.ok ? names.value.entry : null;
  const refusals = person.ok && person.value !== null ? person.value.refusals : [];
  const refusal = refusals.find(({ code }) => isHomeFault(code));
  if (refusal !== undefined) {
    const fix =
      refusal.code === 'home-other-owner' && entry !== null
        ? fixOtherOwner(entry.dir, entry.uid)
        : fixHome(refusal.code);
    // What keys are still served goes with the next sync.
    return error(refusal.code, refusal.detail, 'operator', fix);
  }
  if (!home.ok) return unknown(home.why);
  const dir = entry?.dir ?? 'the home directory';
  const probe = home.value;
  const notMade = findNotMade(person);
  switch (probe.state) {
    case 'missing':
      if (notMade !== null) return explainNotMade(dir, notMade, keyFile.ok && keyFile.value !== null);
      return warning(
        'home-missing',
        `${dir} does not exist, so a session starts in /`,
        'operator',
        config.accounts.homes === 'create'
          ? 'check that its file system is mounted, then run sunk-agent sync'
          : 'create it (accounts.homes is never)',
      );
    case 'unreachable':
      return warning('home-unreachable', probe.why, 'operator', 'check that its file system is mounted');
    case 'there':
      return judgePresent(probe, dir, entry?.uid ?? null, config.keys.user_files === 'allow');
  }
}

/** Why the home could not be made; null: nothing was tried, or it did not fail. */
function findNotMade(person: Facts['person']): string | null {
  const problem = person.ok ? (person.value?.problem ?? null) : null;
  return problem?.kind === 'home-create' ? problem.problem : null;
}

/** A user without a home yet gets no key either. */
function explainNotMade(dir: string, problem: string, hasKeys: boolean): Verdict {
  const [, detail = problem, hint = null] = /^(.*) \((.*)\)$/s.exec(problem) ?? [];
  return (hasKeys ? warning : error)(
    'home-failed',
    `${dir} does not exist, and it could not be made: ${detail}`,
    'operator',
    hint ?? 'correct that, then run sunk-agent sync',
  );
}

function fixOtherOwner(dir: string, uid: number): string {
  return `find out whose files these are: find ${dir} -maxdepth 1 -not -uid ${uid} -ls; then move them away, or give the account its old uid`;
}

function judgePresent(
  probe: Extract<HomeProbe, { state: 'there' }>,
  dir: string,
  uid: number | null,
  hasUserKeys: boolean,
): Verdict {
  if (!probe.isDirectory)
    return warning('home-no-directory', `${dir} is not a directory`, 'operator', 'move it away');
  if (uid !== null && probe.uid !== uid) {
    return warning(
      'home-other-owner',
      `${dir} belongs to uid ${probe.uid}, not to uid ${uid}, so sunk-agent does not change it`,
      'operator',
      fixOtherOwner(dir, uid),
    );
  }
  if (probe.closedAbove !== null) {
    return warning(
      'home-not-searchable',
      `the mode of ${probe.closedAbove} denies the user access to ${dir}`,
      'operator',
      `let users pass through it: chmod o+x ${probe.closedAbove}`,
    );
  }
  if ((probe.mode & 0o022) !== 0 && hasUserKeys) {
    return warning(
      'home-writable',
      `group or others can write ${dir}, so sshd (StrictModes) ignores the keys in it; the keys of the store are not affected`,
      'person',
      `remove that right: chmod go-w ${dir}`,
    );
  }
  return ok(`${dir}, mode ${probe.mode.toString(8).padStart(4, '0')}`);
}
