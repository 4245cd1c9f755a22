// An answer of the store: its JSON came within bounds, and is parsed only where somebody looks at it.
import { parseBody } from './body.ts';

export class Answer {
  /** 200, 400 or 404. */
  readonly status: number;
  /** The JSON as it came; null where a body of another media type came, such as a proxy's HTML page. */
  readonly json: Buffer | null;
  readonly #depth: number;

  /** @param depth as `scim.bounds.depth`. */
  constructor(status: number, json: Buffer | null, depth: number) {
    this.status = status;
    this.json = json;
    this.#depth = depth;
  }

  /**
   * The body's value; undefined where it is no JSON by its media type. Parsed anew each time.
   * @throws AgentError store_answer, AnswerTooMuch
   */
  body(): unknown {
    return this.json === null ? undefined : this.parse(this.json, 0);
  }

  /**
   * The value of a part of the JSON.
   * @param above how many levels of the whole are around it.
   * @throws AgentError store_answer, AnswerTooMuch
   */
  parse(part: Buffer, above: number): unknown {
    return parseBody(part, this.#depth, above);
  }
}
