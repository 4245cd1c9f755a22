// Which entries of a collection a filter selects: by index where it names one, else by looking at each.
import { foldPath } from '../attribute-path.ts';
import type { Collection, Entry } from '../resources/collection.ts';
import type { Filter } from './filter.ts';
import { compileFilter } from './match.ts';

/** All entries that fulfil the filter (null: all there are), in the order of every list. */
export function selectEntries(collection: Collection, filter: Filter | null): readonly Entry[] {
  if (filter === null) return collection.list();
  const fulfils = compileFilter(filter);
  const candidates = findCandidates(collection, filter) ?? collection.list();
  return candidates.filter((entry) => fulfils(entry.resource));
}

/** Entries among which all that fulfil the filter are; null if no index narrows it. */
function findCandidates(collection: Collection, filter: Filter): readonly Entry[] | null {
  if (filter.kind === 'and') {
    for (const term of filter.terms) {
      const found = findCandidates(collection, term);
      if (found !== null) return found;
    }
  }
  if (filter.kind !== 'compare' || typeof filter.value !== 'string') return null;
  const path = foldPath(filter.path);
  if (filter.op === 'eq') return collection.find(path, filter.value);
  const moment = Date.parse(filter.value);
  const isSince = path === 'meta.lastmodified' && (filter.op === 'gt' || filter.op === 'ge');
  return isSince && !Number.isNaN(moment) ? collection.changedSince(moment) : null;
}
