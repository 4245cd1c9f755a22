// What the walk through the guide's steps works with: two windows, the terminal, and what was copied on the way.
import type { Page } from 'playwright-core';
import { ENTRA } from '../../../../src/testbed/identity-provider/entra/commands.ts';
import { perform, type Outcome } from '../../../../src/testbed/identity-provider/idp-cli.ts';
import type { SamlProvider } from '../../../../src/testbed/identity-provider/saml/provider.ts';
import type { Testbed } from '../../../../src/testbed/service.ts';

/** One row of the table of steps: what the guide says, and what the screen or the log must show. */
export interface Row {
  readonly row: number;
  readonly statement: string;
  readonly check: (walk: Walk) => Promise<void>;
}

export const APPLICATION = 'CoreWeave Cloud';

export class Walk {
  readonly console: Page;
  readonly entra: Page;
  readonly testbed: Testbed;
  readonly provider: SamlProvider;
  readonly file: string;
  readonly #copied = new Map<string, string>();

  constructor(console: Page, entra: Page, testbed: Testbed, provider: SamlProvider, file: string) {
    this.console = console;
    this.entra = entra;
    this.testbed = testbed;
    this.provider = provider;
    this.file = file;
  }

  /** Copies a field by its label. */
  async copy(page: Page, label: string, name = label): Promise<string> {
    const value = await page.getByLabel(label, { exact: true }).inputValue();
    this.#copied.set(name, value);
    return value;
  }

  keep(name: string, value: string): void {
    this.#copied.set(name, value);
  }

  /** @throws Error for what was not copied. */
  paste(name: string): string {
    const value = this.#copied.get(name);
    if (value === undefined) throw new Error(`${name} was not copied`);
    return value;
  }

  /** An entry of the console's menu. */
  async inConsole(words: string): Promise<void> {
    const menu = this.console.getByRole('navigation', { name: 'Console' });
    await menu.getByRole('link', { name: words, exact: true }).click();
    await this.console.getByRole('heading', { level: 1 }).waitFor();
  }

  /** An entry of the admin center's menu; those of *Manage* after the application was selected. */
  async inEntra(...path: readonly string[]): Promise<void> {
    const menu = this.entra.getByRole('navigation', { name: 'Entra' });
    for (const words of path) await menu.getByRole('link', { name: words, exact: true }).click();
  }

  /** *Enterprise apps*, the application, and an entry of its *Manage*. */
  async manage(words: string): Promise<void> {
    await this.inEntra('Enterprise apps');
    await this.entra.getByRole('link', { name: APPLICATION, exact: true }).click();
    await this.inEntra(words);
  }

  async press(page: Page, name: string): Promise<void> {
    const button = page.getByRole('button', { name, exact: true });
    await button.or(page.getByRole('link', { name, exact: true })).click();
  }

  /** The notice of the last action. */
  notice(page: Page): Promise<string> {
    return page.locator('.notice').first().innerText();
  }

  /** `npm run entra -- ...` */
  run(...args: readonly string[]): Promise<Outcome> {
    return perform(ENTRA, ['--file', this.file, ...args]);
  }

  /** *Start provisioning cycle*. @returns what the alert says. */
  async startCycle(): Promise<string> {
    await this.manage('Provisioning');
    await this.press(this.entra, 'Start provisioning cycle');
    return this.notice(this.entra);
  }

  /** Text of the rows of *Provisioning logs* that fit; the newest first. */
  async readLogs(search: string, status = ''): Promise<readonly string[]> {
    await this.manage('Provisioning logs');
    await this.entra.getByLabel('Search').fill(search);
    await this.entra.getByLabel('Status').selectOption(status);
    await this.press(this.entra, 'Search');
    await this.entra.waitForURL(/[?&]search=/);
    return this.entra.locator('tbody tr').allInnerTexts();
  }

  /** Assigns and removes under *Users and groups*. */
  async assign(...names: readonly string[]): Promise<void> {
    await this.manage('Users and groups');
    await this.press(this.entra, '+ Add user/group');
    for (const name of names) await this.entra.locator(`input[value="${name}"]`).check();
    await this.press(this.entra, 'Assign');
  }

  async unassign(name: string): Promise<void> {
    await this.manage('Users and groups');
    await this.press(this.entra, `Remove ${name}`);
  }

  async createGroup(name: string, rule: string | null, ...members: readonly string[]): Promise<void> {
    await this.inEntra('Groups');
    await this.entra.getByLabel('Group name').fill(name);
    await this.entra.getByLabel('Membership type').selectOption(rule === null ? 'Assigned' : 'Dynamic User');
    if (rule !== null) await this.entra.getByLabel('Dynamic query').fill(rule);
    await this.press(this.entra, 'Create');
    for (const member of members) {
      await this.inEntra('Groups');
      await this.press(this.entra, name);
      await this.entra.getByLabel('Add members').fill(member);
      await this.press(this.entra, 'Add');
    }
  }

  /** A switch of the organisation that the guide takes for granted. */
  async settings(changes: object): Promise<void> {
    const body = JSON.stringify(changes);
    const answer = await fetch(`${this.testbed.adminUrl}/settings`, { method: 'PATCH', body });
    if (!answer.ok) throw new Error(await answer.text());
  }

  /** What the service holds, as the identity provider reads it. */
  async read(path: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const headers = { authorization: `Bearer ${this.paste('Token')}` };
    const answer = await fetch(`${this.testbed.baseUrl}${path}`, { headers });
    return ((await answer.json()) as { Resources: Record<string, unknown>[] }).Resources;
  }
}
