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
    return this.json === null ? undefined : this.parse(this.json, 0);
  }

  /**
   * The value of a part of the JSON.
   * @param above levels of the whole that are around the part.
   * @throws AgentError store_answer, AnswerTooMuch
   */
  parse(part: Buffer, above: number): unknown {
    return parseBody(part, this.#depth, above);
  }
}
