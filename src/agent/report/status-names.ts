// The names of status.json in version 1 and in version 2: today's writer gives both, today's reader takes either.
import type { CurrentStatus, FirstStatus, Status } from './status-schema.ts';

/** Adds the names of version 1, which go with the next release. */
export function addFirstNames(status: CurrentStatus): Status {
  const { store, counts, lastSync } = status;
  const { mode } = lastSync;
  return {
    ...status,
    version: 1,
    store: { ...store, lastHeard: store.lastContact },
    counts: {
      ...counts,
      accountsOpen: counts.accountsEnabled,
      accountsClosed: counts.accountsDisabled,
    },
    lastPass: { ...lastSync, mode: mode === 'state' ? 'cache' : mode },
    nextPass: status.nextSync,
  };
}

/** Adds the names of version 2 to what 0.1.0 wrote. */
export function addCurrentNames(status: FirstStatus): Status {
  const { store, counts, lastPass } = status;
  const { mode } = lastPass;
  return {
    ...status,
    schema_version: 2,
    store: { ...store, lastContact: store.lastHeard },
    counts: {
      ...counts,
      accountsEnabled: counts.accountsOpen,
      accountsDisabled: counts.accountsClosed,
    },
    lastSync: { ...lastPass, mode: mode === 'cache' ? 'state' : mode },
    nextSync: status.nextPass,
    host: status.host ?? null,
  };
}
