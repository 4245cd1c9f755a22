// An answer of the store: its JSON is within bounds, and is parsed only on demand.
import { parseBody } from './body.ts';

export class Answer {
  /** 200, 400 or 404. */
  readonly status: number;
  /** The JSON text; null for another media type, such as a proxy's HTML page. */
  readonly json: Buffer | null;
  readonly #depth: number;

  /** @param depth as `scim.bounds.depth`. */
  constructor(status: number, json: Buffer | null, depth: number) {
    this.status = status;
    this.json = json;
    this.#depth = depth;
  }

  /**
   * The body's value; undefined where its media type is not JSON. Parsed again on each call.
   * @throws AgentError store_answer, AnswerTooMuch
   */
  body(): unknown {
    return this.json === null ? undefined : parseBody(this.json, this.#depth);
  }
}
