// What a daemon's passes work with, for its life; opened anew where the cache is damaged, or is no longer the one it opened.
import { openParts, type PassParts, type Place } from '../parts.ts';

type Parts = Omit<PassParts, 'reader'>;

export interface KeptParts {
  /**
   * Opens them if they are not open.
   * @throws AgentError state_folder
   */
  get(): Parts;
  /**
   * Lets go of a cache that was removed, or replaced by a copy: what is written into it would be lost, and another process
   * may have begun a ledger of its own meanwhile. Whoever calls holds the pass lock.
   */
  dropIfMoved(): void;
  /** Lets go of them; when they are opened again the cache is checked whole, and set aside if it is damaged. */
  drop(): void;
}

/** @throws AgentError state_folder */
export function keepParts(place: Place): KeptParts {
  let parts: Parts | null = openParts(place);

  function drop(): void {
    parts?.mirror.close();
    parts = null;
  }

  return {
    get: () => (parts ??= openParts(place)),
    dropIfMoved() {
      if (parts === null || parts.mirror.isInPlace()) return;
      place.log.warn(
        { folder: place.paths.state },
        'the cache was taken away or replaced while it was in use; what lies there now is used, or made anew',
      );
      drop();
    },
    drop,
  };
}
