// A node that is a whole cluster, with the agent, its Slurm worker and a store, and people who join it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSlurmStatus, type SlurmStatus } from '../../../src/agent/slurm/slurm-status.ts';
import { installAgent } from '../nodes/install.ts';
import { bootNode, type LoginNode } from '../nodes/node.ts';
import type { Release } from '../nodes/base.ts';
import { type Store, startStore, TOKEN } from '../nodes/store.ts';
import type { Result } from '../nodes/run.ts';
import { addSlurmOperator, installSlurm, SLURM_PACKAGES, startSlurm } from './slurm-cluster.ts';

export interface SlurmSite {
  readonly node: LoginNode;
  readonly store: Store;
  /** As root on the node. @throws Error where it fails. */
  must(command: string): string;
  /** At the store, with a key, and in these groups. @returns the SCIM id. */
  addPerson(name: string, groups: readonly string[]): Promise<string>;
  ssh(name: string, command: string): Result;
  /** `ACCOUNT|USER` lines, sorted. */
  associations(user: string): string[];
  readStatus(): SlurmStatus;
  /** What to say where a wait ends in vain. */
  explain(): string;
  stop(): Promise<void>;
}

/** @param prepare after Slurm runs and before the worker starts. */
export async function startSlurmSite(
  release: Release,
  config: string,
  prepare: (must: SlurmSite['must']) => void = () => {},
): Promise<SlurmSite> {
  const directory = mkdtempSync(path.join(tmpdir(), 'slurm-'));
  const node = await bootNode(
    release,
    (root) => {
      installSlurm(root);
      installAgent(root, { config, token: TOKEN });
    },
    SLURM_PACKAGES,
  );
  const must = (command: string): string => {
    const { status, stdout, stderr } = node.exec(command);
    if (status !== 0) throw new Error(`${command}: status ${status}: ${stdout}${stderr}`);
    return stdout;
  };
  await startSlurm(node);
  addSlurmOperator(node);
  prepare(must);
  must('systemctl start sunk-agent-slurm');
  const store = await startStore(node);
  const keyFile = (name: string): string => path.join(directory, name);
  return {
    node,
    store,
    must,
    async addPerson(name, groups) {
      spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', keyFile(name)]);
      const key = readFileSync(`${keyFile(name)}.pub`, 'utf8').trim();
      const id = await store.createUser(`${name}@example.com`, key);
      for (const group of groups) await store.addMember(group, id);
      return id;
    },
    ssh: (name, command) => node.ssh(name, keyFile(name), command),
    associations: (user) =>
      must(`sacctmgr -nP list assoc user=${user} format=account,user`).trim().split('\n').sort(),
    readStatus() {
      // /run is a file system of the node's own.
      const file = keyFile('slurm.json');
      writeFileSync(file, must('cat /run/sunk-agent/slurm.json'));
      const status = readSlurmStatus({ slurmStatus: file });
      if (status === null) throw new Error(`no status: ${readFileSync(file, 'utf8')}`);
      return status;
    },
    explain: () =>
      node.exec(`cat /run/sunk-agent/slurm.json
        squeue -a -o '%A %u %a %t'; sunk-agent history | tail -n 20
        sacctmgr -nP list assoc format=account,user
        journalctl -q --no-pager -n 40 -u sunk-agent-slurm -u sunk-agent`).stdout,
    async stop() {
      await store.stop();
      await node.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
