// Gathers what `doctor` judges of Slurm; nothing where it is not managed, and no question to Slurm below another root.
import path from 'node:path';
import { statSync } from 'node:fs';
import { readSlurmStatus } from '../../agent/slurm/slurm-status.ts';
import { SLURM_USER } from '../../agent/slurm/slurm-link.ts';
import { findSystemUser } from '../../agent/reader-client/reader-user.ts';
import type { NodeContext } from '../../agent/node-context.ts';
import { isUnitActive } from '../../host/probes/node-state.ts';
import { askSlurmSelf } from '../../host/slurm/ask-config.ts';
import type { FileRights, SlurmFacts } from './facts.ts';

const SECRETS = ['etc/munge/munge.key', 'etc/slurm/slurmdbd.conf'];

export async function gatherSlurm({ config, paths, log }: NodeContext): Promise<SlurmFacts | null> {
  if (config.slurm.mode === 'off' || paths.root !== '/') return null;
  const [isWorkerRunning, self] = await Promise.all([
    isUnitActive('sunk-agent-slurm.service'),
    askSlurmSelf(SLURM_USER),
  ]);
  return {
    user: SLURM_USER,
    uid: findSystemUser(SLURM_USER, paths.root, log)?.uid ?? null,
    isWorkerRunning,
    self,
    status: readSlurmStatus(paths),
    secrets: SECRETS.flatMap((name) => readRights(path.join(paths.root, name))),
  };
}

function readRights(file: string): FileRights[] {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) return [];
  return [{ path: file, uid: found.uid, gid: found.gid, mode: found.mode & 0o7777 }];
}
