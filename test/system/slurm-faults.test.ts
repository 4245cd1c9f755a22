// Each daemon of Slurm, the worker and the agent are killed while people join, move and leave.
import { expect, test } from 'vitest';
import { runSlurmCampaign } from '../faults/slurm-campaign.ts';
import { describeOnNodes } from '../support/requirements.ts';

const ROUNDS = process.env['NIGHTLY'] === undefined ? 2 : 40;

describeOnNodes('storm and calm over Slurm', () => {
  test(`${ROUNDS} rounds leave Slurm as the store says, and the rows of others as they were`, async () => {
    const figures = await runSlurmCampaign(20261130, ROUNDS, { until: Infinity }, () => {});
    expect(figures.rounds).toBe(ROUNDS);
    expect(figures.changes).toBeGreaterThan(0);
  }, 3_600_000);
});
