// Tells nscd(8), where it runs, that accounts and groups changed; it would answer from its cache for minutes.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

export async function tellNscd(): Promise<void> {
  if (!existsSync('/run/nscd/socket')) return;
  // A nscd that is just stopping has no cache to be told about.
  for (const table of ['passwd', 'group'])
    await run('nscd', ['-i', table], { timeout: 5000 }).catch(() => null);
}
