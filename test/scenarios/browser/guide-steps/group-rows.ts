// Rows 59 to 71: the department, nested groups with three remedies, and the names of default groups.
import { expect } from 'vitest';
import type { Row, Walk } from './walk.ts';

const DEFAULT_NAMES = ['admin', 'metrics', 'read', 'write', 'billing_viewer'];

async function listGroups(walk: Walk): Promise<readonly unknown[]> {
  return (await walk.read('/Groups')).map((group) => group['displayName']);
}

export const GROUP_ROWS: readonly Row[] = [
  {
    row: 59,
    statement: 'the department can keep groups from syncing',
    async check(walk) {
      await walk.settings({ departmentStopsGroups: true });
      await walk.createGroup('late', null, 'alice@example.com');
      await walk.assign('late');
      expect(await walk.startCycle()).toMatch(/[1-9]\d* failed/);
      const [newest] = await walk.readLogs('late', 'failure');
      expect(newest).toContain('has a department');
    },
  },
  {
    row: 60,
    statement: 'under Remote delete the mapping, Save: then the group syncs',
    async check(walk) {
      await walk.manage('Attribute Mapping (Preview)');
      await walk.press(walk.entra, 'Provision Microsoft Entra ID Users');
      await walk.entra.getByRole('columnheader', { name: 'Remote' }).waitFor();
      await walk.press(walk.entra, 'Delete department');
      await walk.press(walk.entra, 'Save');
      expect(await walk.startCycle()).toContain(' 0 failed');
      const [late] = (await walk.read('/Groups')).filter((group) => group['displayName'] === 'late');
      expect(late?.['members']).toHaveLength(1);
    },
  },
  {
    row: 61,
    statement: 'nested groups fail',
    async check(walk) {
      await walk.createGroup('parents', null, 'bob@example.com', 'slurm-research');
      await walk.assign('parents');
      expect(await walk.startCycle()).toContain(' 1 failed');
      const [newest] = await walk.readLogs('parents', 'failure');
      expect(newest).toContain('nested groups are not supported');
      await walk.manage('Provisioning');
      expect(await walk.entra.getByRole('main').innerText()).not.toContain('in quarantine');
    },
  },
  {
    row: 62,
    statement: 'remedy: assign leaf groups only',
    async check(walk) {
      await walk.unassign('parents');
      expect(await walk.startCycle()).toContain(' 0 failed');
      expect(await listGroups(walk)).not.toContain('parents');
    },
  },
  {
    row: 63,
    statement: 'remedy: a scoping filter on the group mapping',
    async check(walk) {
      await walk.assign('parents');
      await walk.manage('Attribute Mapping (Preview)');
      await walk.press(walk.entra, 'Provision Microsoft Entra ID Groups');
      await walk.entra.getByLabel('Operator').selectOption('NOT EQUALS');
      await walk.entra.getByLabel('Value').fill('parents');
      await walk.press(walk.entra, 'Add new scoping filter');
      expect(await walk.startCycle()).toContain(' 0 failed');
      expect(await listGroups(walk)).not.toContain('parents');
      const active = (await walk.read('/Users')).filter((user) => user['active'] === true);
      expect(active.map((user) => user['userName'])).toEqual(
        expect.arrayContaining(['alice@example.com', 'bob@example.com', 'carol@example.com']),
      );
    },
  },
  {
    row: 64,
    statement: 'remedy: a dynamic group',
    async check(walk) {
      await walk.createGroup('flat', 'department=Research');
      await walk.assign('flat');
      expect(await walk.startCycle()).toContain(' 0 failed');
      const [flat] = (await walk.read('/Groups')).filter((group) => group['displayName'] === 'flat');
      expect(flat?.['members']).toHaveLength(2);
    },
  },
  {
    row: 65,
    statement: 'one group of all users who are pushed',
    async check(walk) {
      await walk.inEntra('Groups');
      const row = walk.entra.getByRole('row', { name: /coreweave-users/ });
      expect(await row.innerText()).toMatch(/Assigned\s+3/);
    },
  },
  {
    row: 66,
    statement: 'a group for each subgroup',
    async check(walk) {
      await walk.inConsole('Groups');
      for (const name of ['slurm-users', 'slurm-admins', 'slurm-research']) {
        await walk.console.getByText(name).first().waitFor();
      }
    },
  },
  {
    row: 68,
    statement: 'admin, metrics, read, write and billing_viewer are default groups of a legacy deployment',
    async check(walk) {
      await walk.settings({ legacyDefaultGroups: true });
      for (const name of DEFAULT_NAMES) await walk.run('group', 'add', name, 'carol@example.com');
      await walk.assign(...DEFAULT_NAMES);
      expect(await walk.startCycle()).toContain(' 5 failed');
      const failures = await walk.readLogs('default group', 'failure');
      for (const name of DEFAULT_NAMES) {
        expect(failures.some((text) => text.startsWith(name))).toBe(true);
      }
      await walk.inConsole('Groups');
      for (const name of DEFAULT_NAMES) {
        await walk.console.getByRole('button', { name: `Delete ${name}` }).waitFor();
      }
    },
  },
  {
    row: 67,
    statement: 'legacy: no default name for a pushed group, or a new group with the policies',
    async check(walk) {
      await walk.inEntra('Groups');
      await walk.press(walk.entra, 'read');
      await walk.entra.getByLabel('Group name').fill('readers');
      await walk.press(walk.entra, 'Rename');
      expect(await walk.startCycle()).toContain(' 4 failed');
      expect(await listGroups(walk)).toContain('readers');
    },
  },
  {
    row: 69,
    statement: 'a new group with another name',
    async check(walk) {
      await walk.inConsole('Groups');
      await walk.console.getByLabel('Name').fill('cluster-admins');
      await walk.press(walk.console, 'Create group');
      await walk.console.getByRole('row', { name: /cluster-admins/ }).waitFor();
    },
  },
  {
    row: 70,
    statement: 'with the policies of the default group',
    async check({ console }) {
      const row = console.getByRole('row', { name: /cluster-admins/ });
      await row.getByLabel('Change the policies of cluster-admins').click();
      await row.getByLabel('admin-policy').check();
      await row.getByRole('button', { name: 'Attach policies to cluster-admins' }).click();
      await console.getByText('Changed the policies of cluster-admins.').waitFor();
    },
  },
  {
    row: 71,
    statement: 'delete the default group before pushing one of its name',
    async check(walk) {
      await walk.press(walk.console, 'Delete admin');
      await walk.console.getByRole('heading', { name: 'Delete the group admin?' }).waitFor();
      await walk.console.getByText('also cluster-admins').waitFor();
      await walk.press(walk.console, 'Delete admin');
      await walk.console.getByText('Deleted the group admin').waitFor();
      expect(await walk.startCycle()).toContain(' 3 failed');
      expect(await listGroups(walk)).toContain('admin');
    },
  },
];
