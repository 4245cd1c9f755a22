// Makes untrusted text harmless for terminals, logs and screens.

/**
 * Escapes what a terminal would obey or a person would not see: control characters (C0, DEL, C1), format characters
 * (bidirectional marks and isolates, zero width, tags, BOM), line and paragraph separators, lone surrogates,
 * private use and unassigned ones become `\x1b` or `\u{202e}`. A backslash is doubled, so that no text can imitate an
 * escape. All other characters stay. `limit` characters at most, then `…`.
 */
export function makePrintable(text: string, limit = 500): string {
  if (text.length <= limit && PLAIN.test(text)) return text;
  const shown: string[] = [];
  for (const character of text) {
    if (shown.length === limit) {
      shown.push('…');
      break;
    }
    shown.push(escapeCharacter(character));
  }
  return shown.join('');
}

/** Printable ASCII without the backslash, which most texts are; looking at each character takes ten times as long. */
const PLAIN = /^[ -[\]-~]*$/;

function escapeCharacter(character: string): string {
  if (character === '\\') return '\\\\';
  if (character === ' ') return character;
  if (!/[\p{C}\p{Z}\u034f\u115f\u1160\u3164\uffa0]/u.test(character)) return character;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code < 256 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`;
}
