// The table of expected errors, with the hint of each and the exit status of a command that ends with it.

/**
 * Statuses follow sysexits(3): 64 usage, 78 configuration, 70 internal. `null` leaves the status to the command: `sync`
 * fails with 2, `plan` with 1.
 */
const TABLE = {
  usage: { exit: 64, hint: 'sunk-agent --help lists the commands' },
  config_missing: {
    exit: 78,
    hint: 'run sunk-agent init, which writes it, or name another with --config FILE',
  },
  config_invalid: { exit: 78, hint: 'correct that line; man sunk-agent.yaml lists every key' },
  token_missing: {
    exit: 78,
    hint: 'put the token of SCIM Configuration there, mode 0640, owner root:sunk-reader',
  },
  ca_file: {
    exit: 78,
    hint: 'put the certificate of the store’s authority there (PEM), readable by sunk-reader; or take scim.ca_file off the configuration',
  },
  store_unreachable: { exit: null, hint: 'check scim.base_url, DNS, the route and the firewall' },
  store_refused_token: {
    exit: null,
    hint: 'create a new token under SCIM Configuration and put it in place of the old one',
  },
  store_forbidden: {
    exit: null,
    hint: 'the store knows the token, but it may not read: check its role, and that the SCIM API is enabled',
  },
  store_busy: {
    exit: null,
    hint: 'the reader asks again after the pause, and sunk-agent sync asks at once; a lower scim.budget asks less often',
  },
  store_answer: { exit: null, hint: 'compare scim.base_url with SCIM Configuration in the Cloud Console' },
  store_bound: { exit: null, hint: 'raise the bound in scim.bounds if the store is really that large' },
  reader_failed: { exit: null, hint: 'see the reader’s log: journalctl -u sunk-agent-reader' },
  slurm_unreachable: { exit: null, hint: 'systemctl status munge here, slurmdbd and mariadb on their hosts' },
  slurm_failed: { exit: null, hint: 'see the worker’s log: journalctl -u sunk-agent-slurm' },
  state_folder: {
    exit: null,
    hint: 'the directory must belong to the agent’s user, mode 0700, on a local file system',
  },
  cache_damaged: {
    exit: null,
    hint: 'sunk-agent has set the file aside; the next complete sync rebuilds it',
  },
  lock_busy: { exit: null, hint: 'another program is editing the accounts; the next sync tries again' },
  host_write: { exit: null, hint: 'check the disk, the mount and immutable files (lsattr)' },
  host_format: { exit: null, hint: 'pwck -r and grpck -r name the line' },
  refused: { exit: null, hint: '' },
  internal: { exit: 70, hint: 'this is a defect: please report it with the text above' },
} as const satisfies Record<string, { exit: number | null; hint: string }>;

export type ErrorCode = keyof typeof TABLE;

/** An expected failure: what happened and where (`message`), how to fix it (`hint`), and why (`cause`). */
export class AgentError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  /** The exit status this failure always has, or null where the command decides. */
  readonly exit: number | null;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AgentError';
    this.code = code;
    this.hint = options.hint ?? TABLE[code].hint;
    this.exit = TABLE[code].exit;
  }
}

/** One line for a person: every layer's phrase, then the hint. */
export function describeError(error: unknown): string {
  const phrases: string[] = [];
  for (let layer: unknown = error; layer instanceof Error && phrases.length < 5; layer = layer.cause) {
    const phrase = dropNamedPath(layer.message, phrases.join(': '));
    if (phrase !== '' && !phrases.includes(phrase)) phrases.push(phrase);
  }
  if (phrases.length === 0) phrases.push(String(error));
  const hint = error instanceof AgentError && error.hint !== '' ? ` (${error.hint})` : '';
  return phrases.join(': ') + hint;
}

/** Node ends a system error with the call and its path; `before` mostly has that path already. */
function dropNamedPath(message: string, before: string): string {
  const [, reason, file] = /^(E[A-Z0-9]+: [^']+), \w+ '([^']+)'$/.exec(message) ?? [];
  return reason !== undefined && file !== undefined && before.includes(file) ? reason : message;
}

/** Whether a text is a code of the table. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(TABLE, code);
}
