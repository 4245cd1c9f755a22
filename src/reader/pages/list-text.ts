// The text of a ListResponse in two parts: its resources, mostly the same from one full read to the next, and the rest.

export interface ListText {
  /** The JSON of the list, without its resources. */
  readonly frame: Buffer;
  /** The JSON array of the resources. */
  readonly resources: Buffer;
}

const NAME = '"Resources"';
const OPENING = /^"Resources"[ \t\r\n]*:[ \t\r\n]*\[/;
/** Of the name, and of as much white space as anybody would put after it. */
const OPENING_LENGTH = 40;
/** Arrays behind the resources, such as `schemas`; one more bracket is their own. */
const MOST_ENDS = 4;

/**
 * Proposes cuts, since where the array ends only a parser can say: a proposal holds if `frame` is JSON of an object
 * whose own `Resources` is empty, and `resources` of an array. The text is then that of the frame with this array in
 * it: the name stands nowhere else in the frame, and with a colon and a bracket behind it is the end of an attribute's.
 */
export function* cutList(text: Buffer): Generator<ListText> {
  const name = text.indexOf(NAME);
  if (name < 0) return;
  const [opening] = OPENING.exec(text.toString('latin1', name, name + OPENING_LENGTH)) ?? [];
  if (opening === undefined) return;
  const start = name + opening.length;
  let end = text.lastIndexOf(']');
  // Where the name comes again behind the cut, which of the two is the list's only a parser can say.
  for (let n = 0; n < MOST_ENDS && end >= start && text.indexOf(NAME, end) < 0; n += 1) {
    yield {
      frame: Buffer.concat([text.subarray(0, start), text.subarray(end)]),
      resources: text.subarray(start - 1, end + 1),
    };
    end = text.lastIndexOf(']', end - 1);
  }
}
