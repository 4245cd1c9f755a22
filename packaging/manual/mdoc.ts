// Text to mdoc(7), with its macros and escapes quoted.

/** Escapes text for a line of its own or behind a macro. */
export function escapeText(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('’', '\\(cq')
    .replaceAll('"', '\\(dq');
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

/** A tagged list; `body` is mdoc already. */
export function renderList(items: readonly { tag: string; body: readonly string[] }[]): string[] {
  if (items.length === 0) return [];
  return ['.Bl -tag -width Ds', ...items.flatMap(({ tag, body }) => [`.It ${tag}`, ...body]), '.El'];
}

/** A literal word in bold, behind a macro such as `.It`. */
export function literal(text: string): string {
  return `Sy "${escapeText(text)}"`;
}

/** The lines that open every manual. `time` in epoch seconds. */
export function renderHead(name: string, section: number, time: number): string[] {
  const date = new Date(time * 1000);
  const month = date.toLocaleString('en-GB', { month: 'long', timeZone: 'UTC' });
  return [
    `.Dd ${month} ${date.getUTCDate()}, ${date.getUTCFullYear()}`,
    `.Dt ${name.toUpperCase()} ${section}`,
    '.Os',
  ];
}
