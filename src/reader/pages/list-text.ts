// Cuts the text of a ListResponse in two: its resources, mostly the same from one full read to the next, and the rest.

export interface ListText {
  /** The JSON of the list, without its resources. */
  readonly frame: Buffer;
  /** The JSON array of the resources. */
  readonly resources: Buffer;
}

const NAME = '"Resources"';
const OPENING = /^"Resources"[ \t\r\n]*:[ \t\r\n]*\[/;
/** Of the name and a generous amount of white space after it. */
const OPENING_LENGTH = 40;
/** Arrays behind the resources, such as `schemas`, that are tried; the bracket of the resources is one of them. */
const MOST_ENDS = 4;

/**
 * Proposes cuts, since only a parser can tell where the array ends. A proposal holds if `frame` parses as an object
 * whose own `Resources` is empty, and `resources` as an array. The text is then the frame with this array in it: the
 * name occurs nowhere else in the frame, and a colon and a bracket behind it mark it as an attribute's name.
 */
export function* cutList(text: Buffer): Generator<ListText> {
  const name = text.indexOf(NAME);
  if (name < 0) return;
  const [opening] = OPENING.exec(text.toString('latin1', name, name + OPENING_LENGTH)) ?? [];
  if (opening === undefined) return;
  const start = name + opening.length;
  let end = text.lastIndexOf(']');
  // If the name occurs again behind the cut, only a parser can tell which of the two is the list's.
  for (let n = 0; n < MOST_ENDS && end >= start && text.indexOf(NAME, end) < 0; n += 1) {
    yield {
      frame: Buffer.concat([text.subarray(0, start), text.subarray(end)]),
      resources: text.subarray(start - 1, end + 1),
    };
    end = text.lastIndexOf(']', end - 1);
  }
}
