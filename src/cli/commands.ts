// The table of commands.
import type { CommandModule } from './command.ts';

/** Each is loaded only when it runs, so that all start fast. */
export const COMMANDS: Readonly<Record<string, () => Promise<CommandModule>>> = {
  init: () => import('./init/init.ts'),
  run: () => import('./service/run.ts'),
  sync: () => import('./service/sync.ts'),
  plan: () => import('./inspect/plan.ts'),
  approve: () => import('./operate/approve.ts'),
  why: () => import('./inspect/why.ts'),
  status: () => import('./inspect/status.ts'),
  list: () => import('./inspect/list.ts'),
  history: () => import('./inspect/history.ts'),
  doctor: () => import('./inspect/doctor.ts'),
  block: () => import('./operate/block.ts'),
  unblock: () => import('./operate/unblock.ts'),
  grant: () => import('./operate/grant.ts'),
  freeze: () => import('./operate/freeze.ts'),
  extend: () => import('./operate/extend.ts'),
  thaw: () => import('./operate/thaw.ts'),
  hook: () => import('./service/hook.ts'),
  import: () => import('./operate/import.ts'),
  ledger: () => import('./operate/ledger.ts'),
  rebind: () => import('./operate/rebind.ts'),
  fleet: () => import('./inspect/fleet.ts'),
  forget: () => import('./operate/forget.ts'),
  config: () => import('./inspect/config.ts'),
};
