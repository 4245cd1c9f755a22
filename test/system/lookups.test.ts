// Names resolve at every moment: a follower or the nsscache backend switches while other processes look people up by the real libnss-cache.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ensureLayers } from '../support/nodes/base.ts';
import { openPrivateNode, type PrivateNode } from '../support/nodes/private-node.ts';
import { propertyRuns } from '../support/property-runs.ts';
import type { Lookups } from '../support/publish/lookups-inside.ts';
import { describeOnNodes } from '../support/requirements.ts';

const INSIDE = path.resolve(import.meta.dirname, '../support/publish/lookups-inside.ts');

describeOnNodes('who switches', () => {
  let node: PrivateNode;
  beforeEach(async () => {
    node = await openPrivateNode(ensureLayers('bookworm', ['libnss-cache']));
  });
  afterEach(() => node.close());

  const HOW = [
    ['a follower', 'switch'],
    ['the nsscache backend', 'publish'],
  ] as const;
  test.each(HOW)('%s fails no lookup of name, uid or groups', { timeout: 3_600_000 }, (_, how) => {
    const switches = propertyRuns(40, 1000);
    const [command, ...args] = [...node.command, process.execPath, INSIDE, how, String(switches)];
    const found = JSON.parse(execFileSync(command, args, { encoding: 'utf8' })) as Lookups;
    process.stderr.write(`${found.lookups} lookups during ${found.switches} switches\n`);
    expect(found.failures.slice(0, 10)).toEqual([]);
    expect(found.lookups).toBeGreaterThan(10 * switches);
  });
});
