// Which faults are switched on, and which of them strike a request.
import { parseFault, type Fault } from './fault.ts';

export interface ActiveFault {
  readonly id: number;
  readonly fault: Fault;
  /** How often it will strike yet; null: always. */
  readonly left: number | null;
  /** How often it struck. */
  readonly struck: number;
}

export interface Faults {
  /** @throws ScimError 400 */
  add(value: unknown): ActiveFault;
  list(): readonly ActiveFault[];
  /** Ends one, or all; whether there was one. */
  clear(id?: number): boolean;
  /** The faults that strike this request, in the order in which they were added; counts them. */
  strike(method: string, target: string): readonly ActiveFault[];
}

export function createFaults(): Faults {
  let active: readonly ActiveFault[] = [];
  let nextId = 1;
  return {
    add(value) {
      const fault = parseFault(value);
      const added = { id: nextId, fault, left: fault.times, struck: 0 };
      nextId += 1;
      active = [...active, added];
      return added;
    },
    list: () => active,
    clear(id) {
      const kept = id === undefined ? [] : active.filter((one) => one.id !== id);
      const isCleared = kept.length < active.length;
      active = kept;
      return isCleared;
    },
    strike(method, target) {
      const strikes = active.filter(
        ({ fault, left }) =>
          left !== 0 &&
          fault.method === method &&
          (fault.path === null || new RegExp(fault.path).test(decode(target))),
      );
      if (strikes.length === 0) return strikes;
      active = active.map((one) =>
        strikes.includes(one)
          ? { ...one, left: one.left === null ? null : one.left - 1, struck: one.struck + 1 }
          : one,
      );
      return strikes;
    },
  };
}

/** The target as people write it; one that cannot be decoded stays as it is. */
function decode(target: string): string {
  try {
    return decodeURIComponent(target.replaceAll('+', ' '));
  } catch {
    return target;
  }
}
