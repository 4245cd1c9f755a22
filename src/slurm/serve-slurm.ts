// Answers the agent's questions over one channel, one after the other.
import type { Duplex } from 'node:stream';
import { AgentError, describeError } from '../common/errors.ts';
import type { Logger } from '../common/log.ts';
import { openChannel } from '../protocol/channel.ts';
import { SLURM_PROTOCOL, type SlurmAsk, slurmAskSchema, type SlurmSay } from '../protocol/slurm-messages.ts';
import { applyStep } from './apply-step.ts';
import { readRows } from './read-rows.ts';

/** Serves until the channel is closed. */
export async function serveSlurm(stream: Duplex, log: Logger): Promise<void> {
  const channel = openChannel(stream);
  const end = new Promise<void>((resolve) => channel.onClose(() => resolve()));
  let last = channel.send({ say: 'hello', protocol: SLURM_PROTOCOL } satisfies SlurmSay);

  async function reply(ask: SlurmAsk): Promise<void> {
    const say = await answer(ask).catch((error: unknown): SlurmSay => ({
      say: 'failed',
      n: ask.n,
      message: describeError(error).slice(0, 4000),
      isLost: error instanceof AgentError && error.code === 'slurm_unreachable',
    }));
    await channel.send(say);
  }

  channel.onMessage((message) => {
    const ask = slurmAskSchema.parse(message);
    last = last.then(() => reply(ask)).catch((error: unknown) => log.error(describeError(error)));
  });
  await end;
}

async function answer(ask: SlurmAsk): Promise<SlurmSay> {
  const { n } = ask;
  if (ask.ask === 'read') return { say: 'rows', n, rows: toRows(await readRows(ask.cluster)) };
  await applyStep(ask.step, ask.cluster);
  return { say: 'applied', n };
}

type Rows = Extract<SlurmSay, { say: 'rows' }>['rows'];

function toRows({
  accounts,
  users,
  associations,
  jobs,
  uids,
  ...rest
}: Awaited<ReturnType<typeof readRows>>): Rows {
  return {
    ...rest,
    accounts: accounts.map((row) => ({ ...row, qos: [...row.qos], limits: { ...row.limits } })),
    users: [...users],
    associations: [...associations],
    jobs: [...jobs],
    uids: uids === null ? null : [...uids],
  };
}
