// Rows 42 to 58: the extension property, a key, the mapping, and the key on the screen.
import { expect } from 'vitest';
import { APPLICATION, type Row, type Walk } from './walk.ts';

export const TARGET = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser:sunkSshKeys';

/** @throws Error unless the step is refused with these words. */
async function expectRefusal(walk: Walk, words: string | RegExp, ...args: readonly string[]): Promise<void> {
  const { status, err } = await walk.run('graph', ...args);
  expect([status, err]).toEqual([1, expect.stringMatching(words)]);
}

async function graph(walk: Walk, ...args: readonly string[]): Promise<string> {
  const { status, out, err } = await walk.run('graph', ...args);
  expect([status, err]).toEqual([0, '']);
  return out;
}

async function setKey(walk: Walk, property: string): Promise<void> {
  await graph(walk, 'update-user', 'alice@example.com', property, walk.paste('key'));
}

export const KEY_ROWS: readonly Row[] = [
  {
    row: 42,
    statement: 'SUNK only: an extension attribute and a mapping, and a switch of the console',
    async check(walk) {
      await walk.manage('Attribute Mapping (Preview)');
      await walk.press(walk.entra, 'Provision Microsoft Entra ID Users');
      expect(await walk.entra.locator('tbody').innerText()).not.toContain('sunkSshKeys');
      await walk.inConsole('SCIM Configuration');
      const toggle = walk.console.getByRole('switch', { name: 'Enable SUNK User Provisioning' });
      await toggle.click();
      expect(await toggle.getAttribute('aria-checked')).toBe('true');
    },
  },
  {
    row: 43,
    statement: 'install the Microsoft Graph module',
    async check(walk) {
      expect(await graph(walk)).toMatch(/^1\. Install the Microsoft Graph module: nothing to install/);
    },
  },
  {
    row: 44,
    statement: 'connect with Application.ReadWrite.All',
    async check(walk) {
      const property = ['extension-property', 'any', 'sunkSshKeys'] as const;
      await expectRefusal(walk, /Authorization_RequestDenied.*Application\.ReadWrite\.All/, ...property);
      expect(await graph(walk, 'connect', 'Application.ReadWrite.All')).toContain('granted');
    },
  },
  {
    row: 45,
    statement: 'the Object ID of the app registration, not the Application ID',
    async check(walk) {
      const { entra } = walk;
      await walk.inEntra('Enterprise apps');
      await walk.press(entra, APPLICATION);
      const other = await walk.copy(entra, 'Object ID', 'other Object ID');
      await walk.inEntra('App registrations');
      await walk.press(entra, 'All applications');
      await walk.press(entra, APPLICATION);
      const id = await walk.copy(entra, 'Object ID');
      const client = await walk.copy(entra, 'Application (client) ID');
      for (const wrong of [other, client]) {
        const named = new RegExp(`${wrong} is .*takes the Object ID of the app registration, ${id}`);
        await expectRefusal(walk, named, 'extension-property', wrong, 'sunkSshKeys');
      }
    },
  },
  {
    row: 46,
    statement: 'create the extension property',
    async check(walk) {
      const out = await graph(walk, 'extension-property', walk.paste('Object ID'), 'sunkSshKeys');
      walk.keep('property', out.trim());
    },
  },
  {
    row: 47,
    statement: 'extension_[APP-ID-NO-HYPHENS]_sunkSshKeys',
    async check(walk) {
      const id = walk.paste('Application (client) ID').replaceAll('-', '');
      expect(walk.paste('property')).toBe(`extension_${id}_sunkSshKeys`);
      await walk.entra.reload();
      await walk.entra.getByText(walk.paste('property')).waitFor();
    },
  },
  {
    row: 49,
    statement: 'writing needs User.ReadWrite.All',
    check: (walk) =>
      expectRefusal(
        walk,
        /User\.ReadWrite\.All/,
        'update-user',
        'alice@example.com',
        walk.paste('property'),
        'x',
      ),
  },
  {
    row: 50,
    statement: 'User.ReadWrite is not sufficient',
    async check(walk) {
      expect(await graph(walk, 'connect', 'User.ReadWrite')).toBe('granted User.ReadWrite\n');
      const write = ['update-user', 'alice@example.com', walk.paste('property'), 'x'] as const;
      await expectRefusal(walk, /Authorization_RequestDenied.*User\.ReadWrite is not sufficient/, ...write);
      await graph(walk, 'connect', 'User.ReadWrite.All');
    },
  },
  {
    row: 51,
    statement: 'set the key: e-mail, prefixed name, key',
    async check(walk) {
      const short = ['update-user', 'alice@example.com', 'sunkSshKeys', walk.paste('key')] as const;
      await expectRefusal(walk, walk.paste('property'), ...short);
      await setKey(walk, walk.paste('property'));
    },
  },
  {
    row: 52,
    statement: 'a key like ssh-ed25519 AAAAC3Nza…',
    async check(walk) {
      expect(walk.paste('key')).toMatch(/^ssh-ed25519 AAAAC3Nza/);
      expect(JSON.parse(await graph(walk, 'get-user', 'alice@example.com'))).toMatchObject({
        [walk.paste('property')]: walk.paste('key'),
      });
      await walk.inEntra('Users');
      await walk.press(walk.entra, 'Alice Ashby');
      await walk.entra.getByText(walk.paste('key')).waitFor();
    },
  },
  {
    row: 53,
    statement: 'Provisioning, Attribute Mapping (Preview), Provision Microsoft Entra ID Users',
    async check(walk) {
      await walk.manage('Provisioning');
      await walk.inEntra('Attribute Mapping (Preview)');
      await walk.press(walk.entra, 'Provision Microsoft Entra ID Users');
    },
  },
  {
    row: 54,
    statement: 'Add New Mapping: Direct, source, target, No, Always',
    async check(walk) {
      const { entra } = walk;
      await walk.press(entra, 'Add New Mapping');
      await entra.getByLabel('Mapping type').selectOption('Direct');
      await entra.getByLabel('Source attribute').selectOption(walk.paste('property'));
      await entra.getByLabel('Target attribute').fill(TARGET);
      await entra.getByLabel('Match objects using this attribute').selectOption('No');
      await entra.getByLabel('Apply this mapping').selectOption('Always');
    },
  },
  {
    row: 55,
    statement: 'OK, then Save at the top',
    async check(walk) {
      await walk.press(walk.entra, 'OK');
      await walk.entra.getByText('not saved yet').waitFor();
      const box = await walk.entra.getByRole('button', { name: 'Save', exact: true }).boundingBox();
      const table = await walk.entra.locator('table').boundingBox();
      expect(box?.y).toBeLessThan(table?.y ?? 0);
      await walk.press(walk.entra, 'Save');
      expect(await walk.notice(walk.entra)).toContain('The mappings were saved');
      expect((await walk.run('mapping')).out).toContain(`${walk.paste('property')} -> ${TARGET} (Direct`);
    },
  },
  {
    row: 56,
    statement: 'trigger a cycle',
    async check(walk) {
      expect(await walk.startCycle()).toMatch(/initial cycle is complete: \d+ done, 0 failed/);
      const [newest] = await walk.readLogs('alice@example.com');
      expect(newest).toMatch(/alice@example\.com\s+update\s+success/);
    },
  },
  {
    row: 48,
    statement: 'CoreWeave sees sunkSshKeys alone',
    async check(walk) {
      const text = JSON.stringify(await walk.read('/Users?filter=userName eq "alice@example.com"'));
      expect(text).toContain(`"sunkSshKeys":"${walk.paste('key')}"`);
      expect(text).not.toContain('extension_');
    },
  },
  {
    row: 57,
    statement: 'Users, the three-dot menu, View Details',
    async check(walk) {
      await walk.inConsole('Users');
      await walk.console.getByLabel('Actions for Alice Ashby').click();
      await walk.console.getByRole('link', { name: 'View Details' }).click();
      await walk.console.getByRole('heading', { name: /Alice Ashby/ }).waitFor();
    },
  },
  {
    row: 58,
    statement: 'under Slurm Attributes the SSH Keys field has the public key',
    async check(walk) {
      const { console } = walk;
      await console.getByRole('link', { name: 'Slurm Attributes' }).click();
      await console.getByRole('heading', { name: 'Slurm Attributes' }).waitFor();
      await console.getByRole('heading', { name: 'SSH Keys' }).waitFor();
      expect(await console.locator('.keys').innerText()).toContain(walk.paste('key'));
      await console.getByText('accepted', { exact: true }).waitFor();
    },
  },
];
