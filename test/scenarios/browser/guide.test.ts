// The rehearsal of the guide, SAML to ssh, exactly as its document says: in the shell, in Chromium, on a real sshd.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findLeftovers } from '../../support/leftovers.ts';
import { describeOnNodes } from '../../support/requirements.ts';
import { findObstacle, keepPicture, setUpHarness } from './browser.ts';
import { Clipboard, GUIDE, readGuide, type Step } from './guide.ts';
import { openTerminal, type Terminal } from './terminal.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '../../..');

/** What each sentence of the document means in the browser. */
const SENTENCES: readonly (readonly [RegExp, (page: Page, words: string, value: string) => Promise<void>])[] =
  [
    [/^Follow the link `(.+)`$/, async (page, url) => void (await page.goto(url))],
    [
      /^Open \*(.+)\*$/,
      (page, name) => page.getByRole('navigation').getByRole('link', { name, exact: true }).click(),
    ],
    [
      /^Choose \*(.+)\* of \*(.+)\*$/,
      (page, name, part) =>
        page
          .locator('.steps > li', { hasText: part })
          .getByRole('link', { name: new RegExp(`^${name}`) })
          .click(),
    ],
    [
      /^Choose the claim of \*(.+)\*$/,
      (page, source) => page.getByRole('row', { name: source }).getByRole('link').click(),
    ],
    [/^Check \*(.+)\*$/, (page, label) => page.getByLabel(label).check()],
    [/^Open the three-dot menu of \*(.+)\*$/, (page, name) => page.getByLabel(`Actions for ${name}`).click()],
    [
      /^Choose \*(.+)\*$/,
      (page, name) =>
        page
          .getByRole('button', { name, exact: true })
          .or(page.getByRole('link', { name, exact: true }))
          .click(),
    ],
    [
      /^Switch on \*(.+)\*$/,
      async (page, name) => {
        await page.getByRole('switch', { name, checked: false }).click();
        await page.getByRole('switch', { name, checked: true }).waitFor();
      },
    ],
    [/^Pick \*(.+)\*$/, (page, name) => page.getByRole('button', { name }).click()],
    [/^See [*`](.+)[*`]$/, (page, words) => page.getByText(words).first().waitFor()],
    [/^Enter `(.+)` as \*(.+)\*$/, (page, text, label) => page.getByLabel(label, { exact: true }).fill(text)],
    [
      /^Select [*`](.+)[*`] as \*(.+)\*$/,
      async (page, option, label) => void (await page.getByLabel(label).selectOption({ label: option })),
    ],
  ];

describeOnNodes('the rehearsal of the guide', () => {
  if (findObstacle() !== null) return;
  const harness = setUpHarness();
  let scratch: string;
  let terminals: Map<string, Terminal>;
  let clipboard: Clipboard;

  beforeEach(() => {
    scratch = mkdtempSync(path.join(tmpdir(), 'guide-'));
    mkdirSync(path.join(scratch, 'tmp'));
    mkdirSync(path.join(scratch, 'clone'));
    // As good as a clone for npm, and what is written into it goes away.
    for (const name of ['package.json', 'src', 'node_modules'])
      symlinkSync(path.join(REPOSITORY, name), path.join(scratch, 'clone', name));
    terminals = new Map();
    clipboard = new Clipboard();
  });
  afterEach(async () => {
    for (const terminal of terminals.values()) await terminal.close();
    rmSync(scratch, { recursive: true });
  });

  function findTerminal(name: string): Terminal {
    const env = { ...process.env, TMPDIR: path.join(scratch, 'tmp') };
    const terminal = terminals.get(name) ?? openTerminal(path.join(scratch, 'clone'), env);
    terminals.set(name, terminal);
    return terminal;
  }

  async function runInShell(step: Extract<Step, { kind: 'shell' }>): Promise<void> {
    const terminal = findTerminal(step.terminal);
    const commands = clipboard.fill(step.commands);
    if (step.outcome === 'stays') {
      await terminal.start(commands, (output) => clipboard.match(step.prints, output) === null);
      return;
    }
    const { output, status } = await terminal.type(commands);
    expect(status === 0, `status ${status}: ${output}`).toBe(step.outcome === 'ends');
    expect(clipboard.match(step.prints, output), `a line is missing: ${output}`).toBeNull();
  }

  async function doOnScreen(page: Page, sentence: string): Promise<void> {
    const [, label, name = label] = /^Copy \*(.+?)\*(?: as `<(.+)>`)?$/.exec(sentence) ?? [];
    if (label !== undefined && name !== undefined) {
      clipboard.keep(name, await page.getByLabel(label, { exact: true }).inputValue());
      return;
    }
    for (const [pattern, act] of SENTENCES) {
      const [found, words = '', value = ''] = pattern.exec(clipboard.fill(sentence)) ?? [];
      if (found !== undefined) return act(page, words, value);
    }
    throw new Error('no reader would know what to do');
  }

  it('leads one person on one machine from SAML SSO to a login, and out again', async () => {
    const steps = readGuide(GUIDE);
    const begun = Date.now();
    let untilLogin = Number.POSITIVE_INFINITY;
    const windows = { console: await harness.open(), entra: await harness.open() };
    let page = windows.console;
    for (const step of steps) {
      if (step.kind === 'screen' && step.window !== null) page = windows[step.window];
      try {
        if (step.kind === 'shell') {
          await runInShell(step);
          if (step.commands.includes('ssh -F')) untilLogin = Math.min(untilLogin, Date.now() - begun);
        } else await doOnScreen(page, step.sentence);
      } catch (cause) {
        await keepPicture(page, 'guide-failed');
        const what = step.kind === 'shell' ? step.commands : step.sentence;
        throw new Error(`${GUIDE}:${step.line}: ${what}`, { cause });
      }
    }
    await expect.poll(() => findLeftovers(path.join(scratch, 'tmp')), { timeout: 20_000 }).toEqual([]);
    expect(steps.length).toBeGreaterThan(60);
    expect(untilLogin).toBeLessThanOrEqual(180_000);
  }, 400_000);
});
