// SAML SSO in a real browser: an organisation that is new, the guide's steps, and who is let in afterwards.
import path from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { ENTRA } from '../../../src/testbed/identity-provider/entra/commands.ts';
import { perform } from '../../../src/testbed/identity-provider/idp-cli.ts';
import { choose, findObstacle, findFaults, keepPicture, setUpHarness } from './browser.ts';

const OWN = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKYSfdhgmDy/uQyovF3cuPzExqY2T6Yn2vjwqG3USrbb laptop';

const heading = (page: Page): Promise<string | null> => page.getByRole('heading', { level: 1 }).textContent();

describe.skipIf(findObstacle() !== null)('SAML SSO', () => {
  const harness = setUpHarness();

  it('is configured, tested and deployed; then pushed users sign in, and no one else', async () => {
    const testbed = await harness.testbed({ isNew: true });
    const { origin } = new URL(testbed.baseUrl);
    const file = path.join(harness.scratch(), 'directory.yaml');
    const entra = async (...args: string[]): Promise<string> => {
      const { status, out, err } = await perform(ENTRA, ['--file', file, ...args]);
      if (status !== 0) throw new Error(`entra ${args.join(' ')}: ${err}${out}`);
      return out;
    };
    await entra('init');
    await entra('assign', 'coreweave-users', 'slurm-admins');
    const provider = await harness.provider(file);
    const page = await harness.open();
    const pick = async (who: RegExp): Promise<void> => {
      await page.getByRole('button', { name: who }).click();
      await page.waitForURL(`${origin}/**`);
    };

    await page.goto(`${origin}/console/users`);
    expect(await heading(page)).toBe('Sign in');
    await page.goto(testbed.consoleUrl);
    await choose(page, 'SCIM Configuration');
    await page.getByRole('switch', { name: 'Enable SCIM API' }).click();
    await page.getByRole('switch', { name: 'Enable Automated User Provisioning' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('needs SAML SSO');

    await choose(page, 'SAML SSO');
    await page.getByRole('link', { name: 'Configure SAML' }).click();
    await entra('saml', 'identifier', await page.getByLabel('Entity ID').inputValue());
    await entra('saml', 'reply-url', await page.getByLabel('ACS URL').inputValue());
    await page.getByRole('button', { name: 'Deploy SSO' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('not configured');
    await page.getByLabel('Metadata URL').fill(`${provider.metadataUrl}x`);
    await page.getByRole('button', { name: 'Next' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('it answered 404');
    await page.getByLabel('Metadata URL').fill(provider.metadataUrl);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('Read the metadata').waitFor();

    await page.goto(`${origin}/console/saml-sso/test`);
    expect(await findFaults(page)).toEqual([]);
    await keepPicture(page, 'idp');
    // Test, until the SAML page is as the guide has it.
    const test = async (): Promise<void> => {
      await page.goto(`${origin}/console/saml-sso`);
      await page.getByRole('link', { name: 'Test', exact: true }).click();
      await pick(/Carol Cole/);
    };
    await test();
    expect(await page.getByRole('alert').textContent()).toContain('the response is not signed');
    await entra('saml', 'signing', 'response');
    await test();
    expect(await page.getByRole('alert').textContent()).toContain('the assertion is not signed');
    await entra('saml', 'signing', 'both');
    await test();
    expect(await page.getByRole('alert').textContent()).toContain('no claim first_name');
    await entra('saml', 'claim', 'first_name', 'givenName');
    await entra('saml', 'claim', 'last_name', 'surname');
    await entra('saml', 'claim', 'email', 'mail');
    await test();
    expect(await heading(page)).toBe('Test passed');
    await page.reload();
    expect(await page.getByRole('main').textContent()).toMatch(
      /Carol.*Cole.*carol@example.com.*No user was pushed yet/s,
    );
    expect(await findFaults(page)).toEqual([]);
    await keepPicture(page, 'test-passed');
    await page.getByRole('link', { name: 'Back to SAML SSO' }).click();
    await page.getByRole('button', { name: 'Deploy SSO' }).click();
    await page.getByText('SSO is deployed.').waitFor();
    await keepPicture(page, 'saml-deployed');

    // Provisioning, which needed it.
    await choose(page, 'SCIM Configuration');
    await page.getByRole('switch', { name: 'Enable Automated User Provisioning' }).click();
    await page.getByText('"Enable Automated User Provisioning" is on.').waitFor();
    await page.getByLabel('Name').fill('entra');
    await page.getByRole('button', { name: 'Create token' }).click();
    await keepPicture(page, 'new-token');
    await entra('credentials', testbed.baseUrl, await page.getByLabel('Token', { exact: true }).inputValue());
    await entra('provisioning', 'on');
    await entra('user', 'add', 'dave@example.com', 'displayName=Dave', 'surname=Doe');
    await entra('cycle');
    await choose(page, 'Groups');
    await page.getByRole('link', { name: 'slurm-admins' }).click();
    await page.getByLabel('admin-policy').check();
    await page.getByRole('button', { name: 'Attach policies' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();

    // A pushed user needs no invitation, sees his own keys and nothing else.
    const signIn = async (who: RegExp): Promise<void> => {
      await page.goto(`${origin}/console`);
      await page.getByRole('link', { name: 'Sign in with SSO' }).click();
      await pick(who);
    };
    await signIn(/Alice Ashby/);
    expect(page.url()).toBe(`${origin}/console/clusters`);
    await page.goto(`${origin}/console/users`);
    expect(await page.getByRole('alert').textContent()).toBe('This page is for administrators.');
    await page.goto(`${origin}/console/clusters`);
    await choose(page, 'My SSH keys');
    await page.getByLabel('Add a public key').fill(OWN);
    await page.getByRole('button', { name: 'Add key' }).click();
    await page.getByText('Added SHA256:').waitFor();
    await keepPicture(page, 'my-keys');
    // Off means off at once: the session that is open ends with the account.
    await entra('user', 'disable', 'alice@example.com');
    await entra('cycle');
    await page.reload();
    expect(await heading(page)).toBe('Sign in');

    // Who carries the policy is an administrator; who was not pushed is refused with a reason.
    await signIn(/Carol Cole/);
    await choose(page, 'Users');
    expect(await page.getByRole('row', { name: /Alice Ashby/ }).textContent()).toContain('Inactive');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.goto(`${origin}/console`);
    await page.getByRole('link', { name: 'Sign in with SSO' }).click();
    await page.getByRole('button', { name: /Dave/ }).click();
    expect(await page.getByRole('alert').textContent()).toContain('is not assigned to CoreWeave');
    await entra('assign', 'dave@example.com');
    await signIn(/Dave/);
    expect(await page.getByRole('alert').textContent()).toContain(
      'dave@example.com is no user of this organisation',
    );
    expect(await findFaults(page)).toEqual([]);
    await keepPicture(page, 'refused');
  });
});
