// Comma-separated values (RFC 4180) that a spreadsheet shows and does not run.
import { makePrintable } from '../../common/text/printable.ts';

/**
 * What a spreadsheet takes for the start of a formula, also behind blanks and in full width (OWASP, CSV injection).
 * An apostrophe in front makes it text.
 */
const FORMULA = /^[\s"']*[=+\-@|%\uff1d\uff0b\uff0d\uff20]/u;

/** One record with its line end. Every field is quoted, so that no separator of a locale splits it. */
export function renderCsvRecord(fields: readonly (string | number | boolean | null)[]): string {
  return `${fields.map(renderField).join(',')}\r\n`;
}

function renderField(field: string | number | boolean | null): string {
  // Controls, line ends and marks that turn text around are escaped, not only quoted.
  const text = field === null ? '' : typeof field === 'string' ? makePrintable(field, 10_000) : String(field);
  const safe = typeof field === 'string' && FORMULA.test(field) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
