/** What every ssh(1) of a test is told: one key, no questions, and nothing of this machine's own settings. */
export const SSH_OPTIONS = [
  'StrictHostKeyChecking=no',
  'UserKnownHostsFile=/dev/null',
  'BatchMode=yes',
  'LogLevel=ERROR',
  'IdentitiesOnly=yes',
].flatMap((option) => ['-o', option]);
