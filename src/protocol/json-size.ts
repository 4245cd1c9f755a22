// How deep and how large a JSON text is, told without parsing it: a short text can become a very large value.

export interface JsonLimits {
  /** Nesting of arrays and objects. */
  readonly depth: number;
  /** Values and keys, about: opening brackets, commas and colons outside of strings. */
  readonly values: number;
}

const QUOTE = 0x22;

/** Reads each byte once: brackets `[{` and `]}`, comma and colon. @returns which limit the text exceeds; null: none. */
export function findExcess(text: Uint8Array, limits: JsonLimits): keyof JsonLimits | null {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < text.length; at += 1) {
    const byte = text[at];
    if (byte === QUOTE) at = skipString(text, at);
    else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      values += 1;
      if (depth > limits.depth) return 'depth';
    } else if (byte === 0x5d || byte === 0x7d) depth -= 1;
    else if (byte === 0x2c || byte === 0x3a) values += 1;
    if (values > limits.values) return 'values';
  }
  return null;
}

/** @returns where the string ends that begins at `start`, or the end of the text. */
function skipString(text: Uint8Array, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const byte = text[at];
    if (byte === QUOTE) return at;
    if (byte === 0x5c) at += 1;
  }
  return text.length;
}
