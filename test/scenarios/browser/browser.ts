// Chromium for the tests of the console: one browser a file, a fresh profile a test, and axe-core on any page.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import axe from 'axe-core';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import {
  startSamlProvider,
  type SamlProvider,
} from '../../../src/testbed/identity-provider/saml/provider.ts';
import { startTestbed, type Testbed, type TestbedOptions } from '../../../src/testbed/service.ts';

const EXECUTABLE = '/usr/bin/chromium';
/** Chromium asks hosts of its maker at each start unless it is told not to. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Why the browser tests cannot run here; null if they can. CI may not skip them. */
export function findObstacle(): string | null {
  if (existsSync(EXECUTABLE)) return null;
  if (process.env['CI'] !== undefined) throw new Error(`cannot be skipped in CI: no ${EXECUTABLE}`);
  process.stderr.write(`skipped: the tests in the browser: no ${EXECUTABLE} (Debian: chromium)\n`);
  return `no ${EXECUTABLE}`;
}

export interface Harness {
  /** A directory that ends with the test. */
  readonly scratch: () => string;
  testbed(options?: TestbedOptions): Promise<Testbed>;
  provider(file: string): Promise<SamlProvider>;
  /** A window in a profile of its own; it fails the test when the page breaks its own policy. */
  open(): Promise<Page>;
}

/** What a file of tests stands on; everything ends with its test, the browser with the file. */
export function setUpHarness(): Harness {
  let profile: string;
  let context: BrowserContext;
  let ends: (() => Promise<void>)[] = [];
  let scratch: string;

  beforeAll(async () => {
    profile = mkdtempSync(path.join(tmpdir(), 'console-browser-'));
    context = await chromium.launchPersistentContext(profile, {
      executablePath: EXECUTABLE,
      args: FLAGS,
      headless: true,
      viewport: { width: 1280, height: 800 },
    });
  });
  afterAll(async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  });
  afterEach(async () => {
    for (const end of ends.reverse()) await end();
    ends = [];
  });

  return {
    scratch() {
      scratch = mkdtempSync(path.join(tmpdir(), 'console-'));
      ends.push(() => Promise.resolve(rmSync(scratch, { recursive: true })));
      return scratch;
    },
    async testbed(options = {}) {
      const testbed = await startTestbed(options);
      ends.push(() => testbed.close());
      return testbed;
    },
    async provider(file) {
      const provider = await startSamlProvider({ file });
      ends.push(() => provider.close());
      return provider;
    },
    async open() {
      await context.clearCookies();
      const page = await context.newPage();
      const violations: string[] = [];
      page.on('console', (message) => {
        if (/Content Security Policy|Refused to/.test(message.text())) violations.push(message.text());
      });
      page.setDefaultTimeout(30_000);
      ends.push(async () => {
        await page.close();
        expect(violations).toEqual([]);
      });
      return page;
    },
  };
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

/**
 * What axe-core finds on the page, whatever its impact.
 * @param rules only these; all by default.
 */
export async function findFaults(page: Page, ...rules: readonly string[]): Promise<readonly string[]> {
  const options = JSON.stringify(rules.length === 0 ? {} : { runOnly: rules });
  // Through the debugger, which the page's policy does not bind.
  const found = (await page.evaluate(
    `(() => { ${axe.source}; return window.axe.run(document, ${options}); })()`,
  )) as {
    violations: Violation[];
  };
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

/** What is wider than its place, so that a part of it is cut off or hidden. */
export async function findCutOff(page: Page): Promise<unknown> {
  return page.evaluate(`[document.documentElement, ...document.querySelectorAll('.scroll')]
    .filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.outerHTML.slice(0, 200))`);
}

/** Controls that the Tab key does not reach, or of which the focus cannot be seen. */
export async function findUnreachable(page: Page): Promise<unknown> {
  // What stays current by itself would put other controls in place of those that are counted.
  const isLive = (url: URL): boolean => url.pathname === new URL(page.url()).pathname;
  await page.route(isLive, (route) => route.abort());
  const unreachable = await tabThrough(page);
  await page.unroute(isLive);
  return unreachable;
}

async function tabThrough(page: Page): Promise<unknown> {
  const count = Number(
    await page.evaluate(`(() => {
      const controls = [...document.querySelectorAll('a[href], button, input, select, textarea, summary')];
      globalThis.unreached = new Set(controls.filter((one) => one.type !== 'hidden' && one.checkVisibility()));
      document.activeElement?.blur();
      return globalThis.unreached.size;
    })()`),
  );
  // A box that scrolls is a stop too.
  for (let turn = 0; turn < 2 * count + 10; turn += 1) {
    await page.keyboard.press('Tab');
    const left = await page.evaluate(`(() => {
      const one = document.activeElement;
      if (one?.matches(':focus-visible') && getComputedStyle(one).outlineStyle !== 'none') {
        globalThis.unreached.delete(one);
        // Of radio buttons one is a stop; the arrow keys reach the others.
        if (one.type === 'radio') {
          for (const other of document.getElementsByName(one.name)) globalThis.unreached.delete(other);
        }
      }
      return globalThis.unreached.size;
    })()`);
    if (left === 0) return [];
  }
  return page.evaluate('[...globalThis.unreached].map((one) => one.outerHTML.slice(0, 200))');
}

/** Keeps a picture of the page where `SCREENSHOTS` names a directory. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const where = process.env['SCREENSHOTS'];
  if (where === undefined) return;
  mkdirSync(where, { recursive: true });
  await page.screenshot({ path: path.join(where, `${name}.png`), fullPage: true });
}

/** Follows an entry of the console's menu. */
export async function choose(page: Page, words: string): Promise<void> {
  const menu = page.getByRole('navigation', { name: 'Console' });
  await menu.getByRole('link', { name: words, exact: true }).click();
}
