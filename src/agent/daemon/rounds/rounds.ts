// What the daemon does beside its syncs: no sync waits for any of it.
import type { NodeContext } from '../../node-context.ts';
import type { ReaderLink } from '../../reader-client/reader-link.ts';
import type { ContextKeeper } from '../context-recovery.ts';
import { startCanaryRounds } from './canary-rounds.ts';
import { startNameRounds } from './name-rounds.ts';
import { startPublicationRounds } from './publication-rounds.ts';
import { startSecretRounds } from './secret-rounds.ts';
import { startSlurmRounds } from './slurm-rounds.ts';

export interface Rounds {
  /**
   * A sync has ended.
   * @param isChange whether it changed something: in the records or on the host.
   */
  look(isChange: boolean): void;
  /** Tries a login now; false: none is tried on this node, or none so soon after one that failed. */
  tryLogin(): Promise<boolean>;
  stop(): void;
}

/** Each kind does nothing where it is not configured. */
export function startRounds(node: NodeContext, keeper: ContextKeeper, link: ReaderLink): Rounds {
  const secrets = startSecretRounds(node, link);
  const slurm = startSlurmRounds(node, keeper);
  const names = startNameRounds(node, keeper);
  const canary = startCanaryRounds(node);
  const publications = startPublicationRounds(node, keeper);
  return {
    look(isChange) {
      secrets.look();
      slurm.look(isChange);
    },
    tryLogin: () => canary.tryNow(),
    stop() {
      for (const one of [names, canary, publications, secrets, slurm]) one.stop();
    },
  };
}
