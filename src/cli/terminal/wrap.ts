// Breaks long lines between words at the width of the terminal; programs and files get them unbroken.

/** Colours take no room (ECMA-48, SGR). */
const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/** Narrower terminals get unbroken lines: broken ones would be harder to read. */
const NARROW = 40;

/** Breaks lines longer than `columns`; continuation lines are indented below the first word of their text. */
export function wrapText(text: string, columns: number | undefined): string {
  if (columns === undefined || columns < NARROW) return text;
  return text
    .split('\n')
    .map((line) => wrapLine(line, columns))
    .join('\n');
}

function wrapLine(line: string, columns: number): string {
  if (measure(line) <= columns) return line;
  // `  label      text` continues below the text, other lines four columns further in.
  const label = /^ {2}\S[^:]{0,9}? {2,}(?=\S)/.exec(line)?.[0].length;
  const indent = label ?? (/^ */.exec(line)?.[0].length ?? 0) + 4;
  const lines: string[] = [];
  let current = line.slice(0, label ?? indent - 4);
  let isFresh = true;
  for (const word of line.slice(current.length).split(' ')) {
    if (!isFresh && measure(current) + 1 + measure(word) > columns) {
      lines.push(current.trimEnd());
      current = ' '.repeat(indent) + word;
    } else {
      current += isFresh ? word : ` ${word}`;
    }
    isFresh = false;
  }
  return [...lines, current].join('\n');
}

function measure(text: string): number {
  return Array.from(text.replace(COLOUR, '')).length;
}
