// A whole Slurm cluster on one test node: munge, MariaDB, slurmdbd, slurmctld, slurmd, from Debian's packages.
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoginNode } from '../nodes/node.ts';

/** Not in the base of a node. */
export const SLURM_PACKAGES = [
  'mariadb-server',
  'munge',
  'slurm-client',
  'slurmctld',
  'slurmd',
  'slurmdbd',
] as const;

export const CLUSTER = 'rehearsal';
const KILL_WAIT_S = 5;

// In a container there is no cgroup for slurmd to write.
const SLURM_CONF = `ClusterName=${CLUSTER}
SlurmctldHost=localhost
AuthType=auth/munge
SlurmUser=slurm
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStorageEnforce=associations,limits,qos
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
StateSaveLocation=/var/lib/slurm/slurmctld
SlurmdSpoolDir=/var/lib/slurm/slurmd
ReturnToService=2
KillWait=${KILL_WAIT_S}
SelectType=select/cons_tres
NodeName=localhost CPUs=2 RealMemory=500 State=UNKNOWN
PartitionName=main Nodes=localhost Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:50
`;
const SLURMDBD_CONF = `AuthType=auth/munge
DbdHost=localhost
SlurmUser=slurm
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=slurm
StorageLoc=slurm_acct_db
`;

/** Writes the configuration into the root of a node that has not booted yet. */
export function installSlurm(root: string): void {
  const etc = path.join(root, 'etc/slurm');
  mkdirSync(etc, { recursive: true });
  writeFileSync(path.join(etc, 'slurm.conf'), SLURM_CONF);
  // 22.05 of Debian 12 does not know that plugin, and finds the one that there is.
  const isOld = readFileSync(path.join(root, 'etc/debian_version'), 'utf8').startsWith('12');
  if (!isOld) writeFileSync(path.join(etc, 'cgroup.conf'), 'CgroupPlugin=disabled\n');
  writeFileSync(path.join(etc, 'slurmdbd.conf'), SLURMDBD_CONF);
  chmodSync(path.join(etc, 'slurmdbd.conf'), 0o600);
  // They are started by hand, in order; at its first boot systemd enables what no preset disables.
  const units = ['munge', 'mariadb', 'slurmdbd', 'slurmctld', 'slurmd'];
  const preset = path.join(root, 'etc/systemd/system-preset');
  mkdirSync(preset, { recursive: true });
  writeFileSync(path.join(preset, '00-test.preset'), units.map((unit) => `disable ${unit}*\n`).join(''));
  for (const unit of units)
    rmSync(path.join(root, `etc/systemd/system/multi-user.target.wants/${unit}.service`), { force: true });
  // There is no network to wait for, and no name service.
  writeFileSync(path.join(root, 'etc/hosts'), '127.0.0.1 localhost\n');
  symlinkSync('/dev/null', path.join(root, 'etc/systemd/system/systemd-networkd-wait-online.service'));
  const mariadb = path.join(root, 'etc/mysql/mariadb.conf.d');
  mkdirSync(mariadb, { recursive: true });
  writeFileSync(
    path.join(mariadb, '90-test.cnf'),
    '[mariadbd]\nskip-networking\ninnodb_buffer_pool_size=64M\ninnodb_lock_wait_timeout=900\n',
  );
}

/** Starts it on a booted node, until the node of the cluster is idle. */
export async function startSlurm(node: LoginNode): Promise<void> {
  const setUp = `
    ip addr show dev lo | grep -q 10.9.9.1 || ip addr add 10.9.9.1/32 dev lo
    # slurmd of 22.05 looks for the name of its host.
    grep -qw "$(uname -n)" /etc/hosts || echo "127.0.0.1 $(uname -n)" >>/etc/hosts
    chown slurm:slurm /etc/slurm/slurmdbd.conf
    install -d -o slurm -g slurm /var/lib/slurm/slurmctld /var/lib/slurm/slurmd
    systemctl start munge mariadb
    mariadb -e "create database if not exists slurm_acct_db;
      create user if not exists slurm@localhost identified via unix_socket;
      grant all on slurm_acct_db.* to slurm@localhost"`;
  mustRun(node, setUp);
  // slurmdbd with MariaDB 11.8 has died at its first start.
  await until(node, 'systemctl restart slurmdbd && sleep 1 && sacctmgr -nP list cluster >/dev/null');
  mustRun(node, `sacctmgr -i add cluster ${CLUSTER} >/dev/null || true; systemctl restart slurmctld slurmd`);
  await until(node, 'sinfo -h -o %t | grep -qx idle');
}

function mustRun(node: LoginNode, command: string): void {
  const { status, stderr, stdout } = node.exec(command);
  if (status !== 0) throw new Error(`Slurm did not start: ${stdout}${stderr}`);
}

async function until(node: LoginNode, command: string): Promise<void> {
  let last = '';
  for (const deadline = Date.now() + 120_000; Date.now() < deadline; await sleep(500)) {
    const { status, stdout, stderr } = node.exec(command);
    if (status === 0) return;
    last = stdout + stderr;
  }
  const { stdout } = node.exec(
    'journalctl -q --no-pager -n 30 -u slurmdbd -u slurmctld -u slurmd -u mariadb',
  );
  throw new Error(`Slurm did not start (${command}): ${last}\n${stdout}`);
}

/** As an operator does it once: the worker's user, first on the node, then as an Operator in slurmdbd. */
export function addSlurmOperator(node: LoginNode): void {
  mustRun(
    node,
    `id sunk-slurm >/dev/null && sacctmgr -iQ add user name=sunk-slurm account=root cluster=${CLUSTER} adminlevel=Operator`,
  );
}

/** Stops the daemons and takes all that the cluster knows; `startSlurm` makes it anew. */
export function wipeSlurm(node: LoginNode): void {
  mustRun(
    node,
    `systemctl stop slurmd slurmctld slurmdbd
    mariadb -e 'drop database if exists slurm_acct_db'
    rm -rf /var/lib/slurm/slurmctld /var/lib/slurm/slurmd`,
  );
}
