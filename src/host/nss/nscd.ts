// Invalidates the caches of nscd(8), where it runs; it would return old accounts and groups for minutes.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

export async function tellNscd(): Promise<void> {
  if (!existsSync('/run/nscd/socket')) return;
  // It fails where nscd is just stopping, which then has no cache.
  for (const table of ['passwd', 'group'])
    await run('nscd', ['-i', table], { timeout: 5000 }).catch(() => null);
}
