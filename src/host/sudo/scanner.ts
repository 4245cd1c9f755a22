// Reads a text from left to right by patterns, as a lexer does.

export interface Scanner {
  /** What a sticky pattern matches here, which is passed; null: it does not match. */
  take(pattern: RegExp): string | null;
  isAtEnd(): boolean;
  /** The current line, from 1. */
  line(): number;
}

export function openScanner(text: string): Scanner {
  let at = 0;
  let counted = 0;
  let line = 1;
  return {
    take(pattern) {
      pattern.lastIndex = at;
      const found = pattern.exec(text)?.[0] ?? null;
      if (found !== null) at += found.length;
      return found;
    },
    isAtEnd: () => at >= text.length,
    line() {
      for (; counted < at; counted += 1) if (text[counted] === '\n') line += 1;
      return line;
    },
  };
}
