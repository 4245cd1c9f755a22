// Rows 29 to 41, and 1, 2: the switches, the token, the connection, the assignment, and users who appear at once.
import { expect } from 'vitest';
import type { Row, Walk } from './walk.ts';

async function switchOn(walk: Walk, name: string): Promise<void> {
  await walk.console.getByRole('switch', { name, checked: false }).click();
  await walk.console.getByRole('switch', { name, checked: true }).waitFor();
}

export const SCIM_ROWS: readonly Row[] = [
  {
    row: 29,
    statement: 'Enable SCIM API',
    async check(walk) {
      await walk.console.reload();
      await walk.inConsole('SCIM Configuration');
      await switchOn(walk, 'Enable SCIM API');
    },
  },
  {
    row: 30,
    statement: 'Enable Automated User Provisioning',
    check: (walk) => switchOn(walk, 'Enable Automated User Provisioning'),
  },
  {
    row: 31,
    statement: 'record the SCIM Base URL',
    async check(walk) {
      expect(await walk.copy(walk.console, 'SCIM Base URL')).toBe(walk.testbed.baseUrl);
    },
  },
  {
    row: 32,
    statement: 'a SCIM token with a name such as Entra ID',
    async check(walk) {
      await walk.console.getByLabel('Name').fill('Entra ID');
      await walk.press(walk.console, 'Create token');
      expect((await walk.copy(walk.console, 'Token')).length).toBeGreaterThan(20);
      expect(await walk.console.getByRole('row', { name: /Entra ID/ }).innerText()).toContain('provisioning');
    },
  },
  {
    row: 33,
    statement: 'Provisioning, Connect your application under Create configuration',
    async check(walk) {
      await walk.entra.goto(`${new URL(walk.provider.adminCenterUrl).origin}/admin-center`);
      await walk.manage('Provisioning');
      await walk.entra.getByRole('heading', { name: 'Create configuration' }).waitFor();
      await walk.press(walk.entra, 'Connect your application');
    },
  },
  {
    row: 34,
    statement: 'the SCIM Base URL into Tenant URL',
    check: (walk) => walk.entra.getByLabel('Tenant URL').fill(walk.paste('SCIM Base URL')),
  },
  {
    row: 35,
    statement: 'the SCIM token into Secret token',
    check: (walk) => walk.entra.getByLabel('Secret token').fill(walk.paste('Token')),
  },
  {
    row: 36,
    statement: 'Test connection, a green alert at the top right',
    async check(walk) {
      const { entra } = walk;
      await entra.getByLabel('Secret token').fill('wrong');
      await walk.press(entra, 'Test connection');
      expect(await entra.getByRole('alert').innerText()).toContain('Testing connection failed');
      expect(await entra.getByLabel('Tenant URL').inputValue()).toBe(walk.paste('SCIM Base URL'));
      await entra.getByLabel('Secret token').fill(walk.paste('Token'));
      await walk.press(entra, 'Test connection');
      const alert = entra.getByRole('status');
      expect(await alert.innerText()).toContain('authorized to enable provisioning');
      const color = String(
        await entra.evaluate("getComputedStyle(document.querySelector('[role=status]')).color"),
      );
      const [red = 0, green = 0] = color.match(/\d+/g)?.map(Number) ?? [];
      const box = await alert.boundingBox();
      expect([green > red, (box?.x ?? 0) + (box?.width ?? 0) > 1200, (box?.y ?? 999) < 100]).toEqual([
        true,
        true,
        true,
      ]);
    },
  },
  {
    row: 37,
    statement: 'Create',
    async check(walk) {
      await walk.press(walk.entra, 'Create');
      expect(await walk.notice(walk.entra)).toContain('configuration was saved');
      await walk.entra.getByRole('switch', { name: 'Provisioning Status', checked: false }).waitFor();
    },
  },
  {
    row: 38,
    statement: 'the Users page lists all users of the organisation',
    async check(walk) {
      await walk.inConsole('Users');
      expect(await walk.console.getByText('alice@example.com').count()).toBe(0);
    },
  },
  {
    row: 39,
    statement: 'Users and groups, Add user/group',
    async check(walk) {
      await walk.assign('coreweave-users', 'slurm-users', 'slurm-admins', 'slurm-research');
      expect(await walk.entra.locator('tbody').innerText()).toMatch(/coreweave-users\s+Group/);
    },
  },
  {
    row: 40,
    statement: 'Provisioning Status On',
    async check(walk) {
      await walk.manage('Provisioning');
      await walk.entra.getByRole('switch', { name: 'Provisioning Status', checked: false }).click();
      await walk.entra.getByRole('switch', { name: 'Provisioning Status', checked: true }).waitFor();
      expect(await walk.notice(walk.entra)).toMatch(/^Provisioning Status is On.*initial cycle.* 0 failed/);
    },
  },
  {
    row: 41,
    statement: 'they appear immediately on the Users page',
    async check({ console }) {
      // Without a reload by hand.
      for (const name of ['alice', 'bob', 'carol']) {
        await console.getByText(`${name}@example.com`).first().waitFor();
      }
    },
  },
  {
    row: 1,
    statement: 'users and groups sync without an invitation or a first sign-in',
    async check(walk) {
      await walk.inConsole('Users');
      expect(await walk.console.locator('tbody').innerText()).toMatch(/alice@example\.com/);
      await walk.inConsole('Groups');
      await walk.console.getByText('slurm-research').first().waitFor();
    },
  },
  {
    row: 2,
    statement: 'SAML SSO and one-way SCIM: assigned users and groups sync into the console',
    async check(walk) {
      await walk.inConsole('SAML SSO');
      await walk.console
        .getByText(/deployed/)
        .first()
        .waitFor();
      // One way: what the identity provider pushed cannot be edited here.
      await walk.inConsole('Users');
      await walk.console
        .getByRole('link', { name: /Alice Ashby/ })
        .first()
        .click();
      const name = walk.console.getByLabel('User name');
      expect(await name.getAttribute('readonly')).not.toBeNull();
      const logs = await walk.readLogs('', 'success');
      expect(logs.join('\n')).toMatch(/alice@example\.com\s+create\s+success/);
    },
  },
];
