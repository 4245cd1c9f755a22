// A provisioning cycle as the command line and the admin center start it: which sort it is, and what it did.
import type { Directory } from '../directory.ts';
import type { LogLine } from '../idp-client.ts';
import { runCycle } from './cycle.ts';

export interface FinishedCycle {
  readonly sort: 'initial' | 'incremental';
  /** For people: which sort it was, and since when. */
  readonly heading: string;
  readonly log: readonly LogLine[];
}

/** @param isInitial *Restart provisioning*: the watermark is forgotten first. */
export async function startCycle(directory: Directory, isInitial: boolean): Promise<FinishedCycle> {
  const { application } = directory;
  if (isInitial) application.watermark = null;
  const { watermark } = application;
  const heading =
    watermark === null
      ? 'initial cycle: everything is matched anew\n'
      : `incremental cycle since ${watermark}\n`;
  const sort = watermark === null ? 'initial' : 'incremental';
  return { sort, heading, log: await runCycle(directory) };
}

/** *Provisioning Status*. @returns whether a cycle begins with it. */
export function switchProvisioning({ application }: Directory, state: 'on' | 'off' | 'restart'): boolean {
  const isStart = state === 'restart' || (state === 'on' && application.provisioning !== 'on');
  application.provisioning = state === 'off' ? 'off' : 'on';
  application.quarantine = null;
  if (state === 'restart') application.watermark = null;
  return isStart;
}
