// The result of a trial login: the step that failed, from what ssh and sshd said. Pure.

/** The steps of a login, in their order. */
export const STEPS = ['connect', 'authenticate', 'account', 'session', 'shell'] as const;
export type Step = (typeof STEPS)[number];

/** What was seen of one trial. */
export interface TrialRecord {
  /** What `ssh -v` said, and nothing that the session printed. */
  readonly client: string;
  /** What sshd and PAM logged about this very connection, the oldest first; null: the log cannot be read. */
  readonly server: readonly string[] | null;
  /** Standard output of the session. */
  readonly output: string;
  /** Standard error of the session. */
  readonly errors: string;
  /** Exit status of ssh; null: it did not end in time. */
  readonly status: number | null;
  /** What the command of the key prints. */
  readonly nonce: string;
  /** The command that an administrator forces on this user (ForceCommand); null: none. */
  readonly forcedCommand: string | null;
}

export interface TrialOutcome {
  /** The step that failed; null: all of them succeeded. */
  readonly failed: Step | null;
  /** The system's own words about it; for a success what was not tried, empty if nothing. */
  readonly detail: string;
}

/** Of timeout(1), which ends the canary's ssh. */
const TIMED_OUT = 124;

/** sshd's own exit status in place of the shell's, where PAM opened no session (OpenSSH, session.c, do_child). */
const NO_PAM_SESSION = 254;

export function judgeTrial(record: TrialRecord): TrialOutcome {
  const { client, output, status, nonce, forcedCommand } = record;
  const has = (text: string): boolean => client.includes(text);
  if (!has('debug1: Connection established')) return fail('connect', record);
  if (has('Host key verification failed') || !has('debug1: Remote protocol version'))
    return fail('connect', record);
  if (!hasAuthenticated(client)) {
    const isKeyAccepted = has('debug1: Server accepts key') && !has('partial success');
    const isDenied = (record.server ?? []).some((line) =>
      /Access denied for user|account|expired/.test(line),
    );
    return fail(
      isKeyAccepted && (isDenied || !has('Permission denied')) ? 'account' : 'authenticate',
      record,
    );
  }
  if (forcedCommand !== null) {
    if (isSessionLost(client)) return fail('session', record);
    if (/(?:^|\/)(?:false|nologin)(?:\s|$)/.test(forcedCommand))
      return { failed: 'shell', detail: `ForceCommand runs ${forcedCommand} in place of a shell` };
    return {
      failed: null,
      detail: `the shell was not tried: ForceCommand runs ${forcedCommand} in place of any command`,
    };
  }
  if (output.split('\n').includes(nonce)) return { failed: null, detail: '' };
  const isStarted = has('debug1: Sending command');
  const isPamError = (record.server ?? []).some((line) => /pam_open_session|pam_setcred|fork\b/.test(line));
  const isRefused = status === NO_PAM_SESSION;
  if (isPamError || isRefused || isSessionLost(client) || !isStarted) return fail('session', record);
  return fail('shell', record);
}

/** `Authenticated to HOST ([ADDRESS]:PORT) using "publickey".` since OpenSSH 8.6; before it without the method. */
function hasAuthenticated(client: string): boolean {
  return /^(?:debug1: )?Authent(?:icated to |ication succeeded)/m.test(client);
}

function isSessionLost(client: string): boolean {
  return /request failed on channel|administratively prohibited|Connection (?:closed|reset) by|Broken pipe/.test(
    client,
  );
}

function fail(failed: Step, record: TrialRecord): TrialOutcome {
  return { failed, detail: quoteSystem(failed, record) };
}

/** What sshd says explains more than what the client sees of it; the output of the shell more than both. */
function quoteSystem(step: Step, { client, server, output, errors, status }: TrialRecord): string {
  const said = client
    .split('\n')
    .map((line) => line.trim())
    .filter(
      (line) =>
        line !== '' &&
        !/^debug\d:|^Killed by signal |^OpenSSH_|^Authenticated to|^Transferred|^Bytes per/.test(line),
    );
  const words = step === 'shell' ? [...output.split('\n'), ...said, ...errors.split('\n')] : said;
  const logged = (server ?? []).filter((line) => TELLING.test(line) && !line.startsWith('pam_env('));
  const last = words.filter((line) => line.trim() !== '').at(-1);
  const parts = [
    ...(logged.length > 0 ? [`sshd: ${logged.slice(-3).join('; ')}`] : []),
    ...(last === undefined || (step !== 'shell' && logged.length > 0) ? [] : [last]),
  ];
  if (step === 'shell') parts.unshift(`the shell ended with status ${status ?? 'none'}`);
  if (status === null || status === TIMED_OUT) parts.unshift('no answer in time');
  return parts.join('; ') || 'neither ssh nor sshd said why';
}

/** Lines of sshd and PAM that say why; the others say what happens at every login. */
const TELLING =
  /not allowed|denied|refused|failed|failure|fatal|error|invalid|not listed|expired|too many|unavailable|bad |cannot|could not|no such|penalt|not in |limit|ignored|unable/i;
