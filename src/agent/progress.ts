// How far a sync has come, for those who watch it.

/** The steps that a sync is told by, in their order. */
export const SYNC_STEPS = ['fetch', 'ingest', 'plan', 'apply'] as const;

export type SyncStep = (typeof SYNC_STEPS)[number];

/**
 * Called in the midst of the work, so it must be quick and must not throw.
 * @param done records that came, records that were new or changed, changes planned, or changes tried.
 * @param total what `done` will come to, as far as that is known; null: it is not.
 */
export type Progress = (step: SyncStep, done: number, total: number | null) => void;
