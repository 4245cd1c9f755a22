import { expect, test } from 'vitest';
import { runCampaign } from '../faults/campaign.ts';
import { runFollowersCampaign } from '../faults/followers-campaign.ts';
import { listNodeFaults } from '../faults/node-faults.ts';
import { describeOnNodes } from '../support/requirements.ts';

const MINUTES = process.env['NIGHTLY'] === undefined ? 1 : 5;
const FOLLOWER_ROUNDS = process.env['NIGHTLY'] === undefined ? 2 : 60;

describeOnNodes('storm and calm', () => {
  test('minutes of random changes and random faults leave two nodes exactly as the store says', async () => {
    expect(listNodeFaults().missing).toEqual([]);
    const until = Date.now() + MINUTES * 60_000;
    const { rounds, syncs } = await runCampaign(20261125, Infinity, { until }, () => {});
    expect(rounds).toBeGreaterThan(0);
    expect(syncs).toBeGreaterThan(rounds);
  }, 600_000);

  test(`${FOLLOWER_ROUNDS} rounds leave the followers of a publisher exactly as the store says`, async () => {
    const figures = await runFollowersCampaign(20261130, FOLLOWER_ROUNDS, { until: Infinity }, () => {});
    expect(figures.rounds).toBe(FOLLOWER_ROUNDS);
    expect(figures.changes).toBeGreaterThan(0);
  }, 3_600_000);
});
