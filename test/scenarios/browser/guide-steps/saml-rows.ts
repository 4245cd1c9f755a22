// Rows 4 to 28: from two windows to a sign-in that ends on Clusters.
import { expect } from 'vitest';
import { APPLICATION, type Row } from './walk.ts';

const NON_GALLERY = /Integrate any other application you don't find in the gallery \(Non-gallery\)/;

export const SAML_ROWS: readonly Row[] = [
  {
    row: 4,
    statement: 'admin access to the console',
    async check({ console, testbed }) {
      await console.goto(testbed.consoleUrl);
      await console.getByText('Administrator').first().waitFor();
    },
  },
  {
    row: 5,
    statement: 'admin access to the Entra dashboard',
    async check({ entra, provider }) {
      await entra.goto(provider.adminCenterUrl);
      await entra.getByRole('heading', { name: 'Enterprise apps' }).waitFor();
      await entra.getByText('A rehearsal on this machine').waitFor();
    },
  },
  {
    row: 6,
    statement: 'SAML first: provisioning relies on it',
    async check(walk) {
      await walk.inConsole('SCIM Configuration');
      await walk.console.getByRole('switch', { name: 'Enable Automated User Provisioning' }).click();
      expect(await walk.console.getByRole('alert').innerText()).toContain('SAML SSO');
    },
  },
  {
    row: 7,
    statement: 'both in separate windows',
    async check({ console, entra }) {
      expect(await console.title()).toContain('Cloud Console');
      expect(await entra.title()).toContain('Entra admin center');
    },
  },
  {
    row: 8,
    statement: 'navigate to SAML SSO',
    async check(walk) {
      await walk.inConsole('SAML SSO');
      await walk.console.getByRole('heading', { name: 'SAML SSO', level: 1 }).waitFor();
    },
  },
  {
    row: 9,
    statement: 'click Configure SAML',
    async check(walk) {
      await walk.press(walk.console, 'Configure SAML');
      await walk.console.getByLabel('ACS URL').waitFor();
    },
  },
  {
    row: 10,
    statement: 'open the Entra dashboard',
    async check({ entra }) {
      await entra.goto(`${new URL(entra.url()).origin}/admin-center`);
      await entra.getByRole('link', { name: /Microsoft Entra admin center/ }).waitFor();
    },
  },
  {
    row: 11,
    statement: 'Enterprise Apps, New Application, Create your own application',
    async check(walk) {
      await walk.inEntra('Enterprise apps');
      await walk.press(walk.entra, '+ New Application');
      await walk.press(walk.entra, '+ Create your own application');
      await walk.entra.getByRole('heading', { name: 'Create your own application' }).waitFor();
    },
  },
  {
    row: 12,
    statement: 'a name; Integrate any other application (Non-gallery)',
    async check(walk) {
      const fill = async (choice: RegExp): Promise<void> => {
        await walk.entra.getByLabel("What's the name of your app?").fill(APPLICATION);
        await walk.entra.getByLabel(choice).check();
        await walk.press(walk.entra, 'Create');
      };
      await fill(/Application Proxy/);
      expect(await walk.notice(walk.entra)).toContain('Non-gallery');
      await fill(NON_GALLERY);
      expect(await walk.notice(walk.entra)).toBe(`The application ${APPLICATION} was created.`);
    },
  },
  {
    row: 13,
    statement: 'select it; Single sign on under Manage',
    async check(walk) {
      await walk.entra.getByRole('link', { name: APPLICATION, exact: true }).click();
      await walk.entra.getByText('Manage', { exact: true }).waitFor();
      await walk.inEntra('Single sign on');
    },
  },
  {
    row: 14,
    statement: 'SAML 2.0 under Select a single sign-on method',
    async check(walk) {
      await walk.entra.getByRole('heading', { name: 'Select a single sign-on method' }).waitFor();
      await walk.press(walk.entra, 'SAML 2.0');
    },
  },
  {
    row: 15,
    statement: 'field 1, Basic SAML Configuration, Edit',
    async check({ entra }) {
      const first = entra.locator('.steps > li').first();
      expect(await first.getByRole('heading').innerText()).toBe('Basic SAML Configuration');
      await first.getByRole('link', { name: 'Edit' }).click();
    },
  },
  {
    row: 16,
    statement: 'the ACS URL into Reply URL (Assertion Consumer Service URL)',
    async check(walk) {
      const value = await walk.copy(walk.console, 'ACS URL');
      await walk.entra.getByLabel('Reply URL (Assertion Consumer Service URL)').fill(value);
    },
  },
  {
    row: 17,
    statement: 'the Entity ID into Entity ID',
    async check(walk) {
      const value = await walk.copy(walk.console, 'Entity ID');
      await walk.entra.getByLabel('Entity ID', { exact: true }).fill(value);
      await walk.press(walk.entra, 'Save');
      const shown = await walk.entra.locator('.steps > li').first().innerText();
      expect(shown).toContain(value);
      expect(shown).toContain(walk.paste('ACS URL'));
    },
  },
  {
    row: 18,
    statement: 'field 2, Attributes and Claims, Edit',
    async check({ entra }) {
      const second = entra.locator('.steps > li').nth(1);
      expect(await second.getByRole('heading').innerText()).toBe('Attributes and Claims');
      await second.getByRole('link', { name: 'Edit' }).click();
      await entra.getByRole('heading', { name: 'Additional Claims' }).waitFor();
    },
  },
  {
    row: 19,
    statement: 'each claim: the top Name field; user.givenname, user.surname, user.mail',
    async check(walk) {
      for (const [source, name] of [
        ['user.givenname', 'first_name'],
        ['user.surname', 'last_name'],
        ['user.mail', 'email'],
      ] as const) {
        await walk.entra.getByRole('row', { name: source }).getByRole('link').click();
        expect(await walk.entra.getByLabel('Source attribute').inputValue()).toBe(source);
        // The guide leaves the namespace in place.
        await walk.entra.getByLabel('Name', { exact: true }).fill(name);
        await walk.press(walk.entra, 'Save');
        const row = walk.entra.getByRole('row', { name: source });
        expect(await row.innerText()).toContain(`/claims/${name}`);
      }
      await walk.press(walk.entra, 'Back to SAML-based sign-on');
    },
  },
  {
    row: 20,
    statement: 'section 3, Signing Option: Sign SAML Response and Assertion',
    async check({ entra }) {
      const third = entra.locator('.steps > li').nth(2);
      expect(await third.getByRole('heading').innerText()).toBe('SAML Certificates');
      await third.getByRole('link', { name: 'Edit' }).click();
      await entra.getByLabel('Signing Option').selectOption('Sign SAML Response and Assertion');
    },
  },
  {
    row: 21,
    statement: 'Save',
    async check(walk) {
      await walk.press(walk.entra, 'Save');
      const third = await walk.entra.locator('.steps > li').nth(2).innerText();
      expect(third).toMatch(
        /Expiration\s+\d{4}-\d\d-\d\d\s+Signing Option\s+Sign SAML Response and Assertion/,
      );
    },
  },
  {
    row: 22,
    statement: 'copy the App Federation Metadata URL',
    async check(walk) {
      await walk.entra.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await walk.press(walk.entra, 'Copy App Federation Metadata URL');
      await walk.entra.getByRole('button', { name: 'Copied' }).waitFor();
      const copied = String(await walk.entra.evaluate('navigator.clipboard.readText()'));
      expect(copied).toBe(walk.provider.metadataUrl);
      walk.keep('Metadata URL', copied);
    },
  },
  {
    row: 23,
    statement: 'paste it into Metadata URL',
    async check(walk) {
      await walk.console.getByLabel('Metadata URL').fill(walk.paste('Metadata URL'));
    },
  },
  {
    row: 24,
    statement: 'Next',
    async check(walk) {
      await walk.press(walk.console, 'Next');
      await walk.console.getByRole('button', { name: 'Deploy SSO' }).waitFor();
    },
  },
  {
    row: 25,
    statement: 'then Deploy SSO, before any test',
    async check(walk) {
      await walk.press(walk.console, 'Deploy SSO');
      await walk.console.getByText('SSO is deployed').waitFor();
    },
  },
  {
    row: 26,
    statement: 'in Entra: Test, the dialog, Test',
    async check(walk) {
      await walk.manage('Single sign on');
      await walk.press(walk.entra, 'Test');
      await walk.entra.getByRole('heading', { name: `Test Single sign on with ${APPLICATION}` }).waitFor();
      await walk.press(walk.entra, 'Test');
    },
  },
  {
    row: 27,
    statement: 'prompted to sign in by Microsoft',
    async check({ entra }) {
      await entra.getByRole('heading', { name: 'Pick an account' }).waitFor();
      await entra.getByText(`to sign in to ${APPLICATION}`).waitFor();
    },
  },
  {
    row: 28,
    statement: 'arrive at the Clusters page',
    async check({ entra, testbed }) {
      await entra.getByRole('button', { name: /Carol Cole/ }).click();
      await entra.waitForURL(`${new URL(testbed.consoleUrl).origin}/console/clusters`);
      await entra.getByRole('heading', { name: 'Clusters', level: 1 }).waitFor();
    },
  },
];
