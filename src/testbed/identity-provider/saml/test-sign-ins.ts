// Sign-ins that *Test* of the admin center began: no application asked for them.
import { randomUUID } from 'node:crypto';

export interface Tests {
  /** @returns the text that the sign-in page must bring. */
  begin(): string;
  isOpen(test: string): boolean;
}

const PATIENCE_MS = 10 * 60_000;

export function createTests(): Tests {
  const begun = new Map<string, number>();
  return {
    begin() {
      for (const [test, at] of begun) if (Date.now() - at > PATIENCE_MS) begun.delete(test);
      const test = randomUUID();
      begun.set(test, Date.now());
      return test;
    },
    isOpen: (test) => Date.now() - (begun.get(test) ?? 0) <= PATIENCE_MS,
  };
}
