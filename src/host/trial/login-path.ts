// What the last trial login of the canary showed: one file in /run, root's, readable by all.
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Paths } from '../../common/paths.ts';
import { replaceFiles } from '../fs/atomic-file.ts';
import type { Step } from './trial-outcome.ts';

export interface LoginPath {
  /** `unproven`: no login was tried, or what failed concerns the canary alone. */
  readonly state: 'proven' | 'failed' | 'unproven';
  /** When it was tried, epoch seconds. */
  readonly at: number;
  /** When a login last succeeded since the node booted, epoch seconds; null: never. */
  readonly lastProven: number | null;
  /** The step that failed; null: none, or none was tried. */
  readonly step: Step | null;
  /** In the system's own words; empty if proven. */
  readonly reason: string;
  /** Seconds between two trials. */
  readonly every: number;
}

/** null: no trial since the node booted. The file is root's, so only its kind is checked. */
export function readLoginPath({ loginPath }: Pick<Paths, 'loginPath'>): LoginPath | null {
  try {
    const found = JSON.parse(readFileSync(loginPath, 'utf8')) as LoginPath | null;
    return typeof found?.at === 'number' && typeof found.state === 'string' ? found : null;
  } catch {
    return null;
  }
}

/** @throws AgentError host_write */
export function writeLoginPath({ loginPath }: Pick<Paths, 'loginPath'>, found: LoginPath): void {
  mkdirSync(path.dirname(loginPath), { recursive: true, mode: 0o755 });
  replaceFiles([{ file: loginPath, data: `${JSON.stringify(found)}\n`, encoding: 'utf8', mode: 0o644 }]);
}
