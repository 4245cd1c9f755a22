// A probe that may fail: the node is broken when why and doctor run, so a failure is a fact as well.
import { AgentError, describeError } from '../common/errors.ts';

/** What a probe found, or why it could not be made. */
export type ProbeResult<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

/** An expected failure, of this program or of the system, becomes a result; a defect is thrown on. */
export async function tryProbe<T>(probe: () => T | Promise<T>): Promise<ProbeResult<T>> {
  try {
    return { ok: true, value: await probe() };
  } catch (error) {
    if (!(error instanceof AgentError) && !(error instanceof Error && 'code' in error)) throw error;
    return { ok: false, why: describeError(error) };
  }
}
