// What agent and Slurm worker say to each other: a JSON line each. The worker's answers are checked; it has Slurm's network.
import * as z from 'zod';

/**
 * What the worker greets with. Raised with each change that one side would misunderstand: another question or step, a field
 * of an answer that is gone or means something else. A further field of an answer needs none: the agent leaves it out.
 */
export const SLURM_PROTOCOL = 1;

/** As sunk-agent names accounts, users and QOS in Slurm; nothing that sacctmgr would split or fold. */
const ownName = z.string().regex(/^[a-z0-9_][a-z0-9_.-]{0,63}$/);
/** What others made may be called anything. */
const anyName = z.string().max(300);
const settings = z.strictObject({
  parent: ownName.nullable(),
  qos: z.array(ownName).max(200).nullable(),
  defaultQos: ownName.nullable(),
  fairshare: z.int().min(0).nullable(),
  limits: z.record(z.string().regex(/^[A-Za-z]{1,40}$/), z.string().regex(/^[a-zA-Z0-9/=,:_.-]{1,200}$/)),
});
const names = z.array(ownName).min(1).max(500);

/** One command of sacctmgr or scancel, on one cluster. */
const step = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('add-account'), name: ownName, settings }),
  z.strictObject({ op: z.literal('alter-account'), name: ownName, settings }),
  z.strictObject({
    op: z.literal('add-associations'),
    names,
    account: ownName,
    isFirst: z.boolean(),
  }),
  z.strictObject({ op: z.literal('stop-submissions'), names, account: ownName }),
  z.strictObject({ op: z.literal('allow-submissions'), names, account: ownName }),
  /** `isPendingOnly`: those that run go on. */
  z.strictObject({ op: z.literal('cancel-jobs'), names, account: ownName, isPendingOnly: z.boolean() }),
  z.strictObject({ op: z.literal('set-default'), names, account: ownName }),
  z.strictObject({ op: z.literal('remove-associations'), names, account: ownName }),
]);

export type SlurmStep = z.output<typeof step>;

const n = z.int();

export const slurmAskSchema = z.discriminatedUnion('ask', [
  z.strictObject({ ask: z.literal('read'), n, cluster: ownName.nullable() }),
  z.strictObject({ ask: z.literal('apply'), n, cluster: ownName, step }),
]);

export type SlurmAsk = z.output<typeof slurmAskSchema>;

const rows = z.object({
  cluster: ownName,
  version: z.string().max(100),
  accounts: z.array(
    z.object({
      name: anyName,
      parent: anyName,
      qos: z.array(anyName),
      defaultQos: anyName,
      fairshare: z.number().nullable(),
      limits: z.record(z.string(), z.string()),
    }),
  ),
  users: z.array(z.object({ name: anyName, defaultAccount: anyName })),
  associations: z.array(
    z.object({
      id: z.int(),
      account: anyName,
      user: anyName,
      partition: anyName,
      isStopped: z.boolean(),
    }),
  ),
  jobs: z.array(z.object({ user: anyName, account: anyName, isPending: z.boolean() })),
  uids: z.array(z.object({ name: anyName, uid: z.int().nullable() })).nullable(),
});

export const slurmSaySchema = z.discriminatedUnion('say', [
  /** First, and not asked for. */
  z.object({ say: z.literal('hello'), protocol: z.int() }),
  z.object({ say: z.literal('rows'), n, rows }),
  z.object({ say: z.literal('applied'), n }),
  /** `isLost`: slurmdbd was not reached, so that nothing else is worth trying now; else Slurm refused it. */
  z.object({ say: z.literal('failed'), n, message: z.string().max(4000), isLost: z.boolean() }),
]);

export type SlurmSay = z.output<typeof slurmSaySchema>;
