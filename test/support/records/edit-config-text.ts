// What an operator types into config.yaml, for tests that follow an advice.
import { parseDocument } from 'yaml';

/** Adds an entry to a list of the configuration. */
export function editConfigText(yaml: string, path: readonly string[], entry: unknown): string {
  const document = parseDocument(yaml);
  const list = document.hasIn(path) ? ((document.getIn(path) as { toJSON(): unknown[] }).toJSON() ?? []) : [];
  document.setIn(path, [...list, entry]);
  return document.toString();
}
