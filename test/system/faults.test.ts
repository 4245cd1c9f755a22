import { expect, test } from 'vitest';
import { runCampaign } from '../faults/campaign.ts';
import { listNodeFaults } from '../faults/node-faults.ts';
import { describeOnNodes } from '../support/requirements.ts';

const MINUTES = 2;

describeOnNodes('storm and calm', () => {
  test('two minutes of random changes and random faults leave two nodes exactly as the store says', async () => {
    expect(listNodeFaults().missing).toEqual([]);
    const until = Date.now() + MINUTES * 60_000;
    const { rounds, syncs } = await runCampaign(20261125, Infinity, { until }, () => {});
    expect(rounds).toBeGreaterThan(0);
    expect(syncs).toBeGreaterThan(rounds);
  }, 600_000);
});
