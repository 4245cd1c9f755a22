// config.yaml with operators' settings added or moved: comments and order stay, only the spacing inside of brackets may change.
import { type Document, isMap, isScalar, isSeq, parseDocument, type YAMLMap, YAMLSeq } from 'yaml';
import { parseConfig } from '../../config/config.ts';

/** One change of the configuration that a command makes for the operator. */
export type ConfigEdit =
  /** `overrides`: the id of a user (uid) or group (gid) on every node, in place of the one that the store gives. */
  | { readonly kind: 'pin-uid' | 'pin-gid'; readonly scimId: string; readonly id: number }
  /** `overrides`: the pinned id is the store's again. */
  | { readonly kind: 'unpin'; readonly scimId: string }
  /** Each place that names the SCIM id `from` (`overrides`, `access.groups`, `access.sudo_groups`) names `to` instead. */
  | { readonly kind: 'move-id'; readonly from: string; readonly to: string };

/**
 * Applies the edits in their order; equal text if they change nothing.
 * @param file used in messages only.
 * @throws AgentError config_invalid: the text is no configuration, before or after.
 */
export function editConfig(text: string, edits: readonly ConfigEdit[], file: string): string {
  parseConfig(text, file);
  const document = parseDocument(text);
  const changed = edits.map((edit) => applyEdit(document, edit)).some(Boolean);
  if (!changed) return text;
  const edited = document.toString({ lineWidth: 0 });
  parseConfig(edited, file);
  return edited;
}

/** One line for each edit, for people to read. */
export function describeEdits(edits: readonly ConfigEdit[]): string[] {
  return edits.map((edit) => {
    switch (edit.kind) {
      case 'pin-uid':
      case 'pin-gid':
        return `overrides: - ${renderPin(edit)}`;
      case 'unpin':
        return `overrides: remove the uid or gid of ${quote(edit.scimId)}`;
      case 'move-id':
        return `write ${quote(edit.to)} in place of ${quote(edit.from)}`;
    }
  });
}

/** YAML to paste, and further steps as comments, for a configuration that a command cannot write. */
export function renderEdits(edits: readonly ConfigEdit[]): string[] {
  const isPin = (edit: ConfigEdit): edit is Pin => edit.kind === 'pin-uid' || edit.kind === 'pin-gid';
  const pins = edits.filter(isPin);
  const others = edits.filter((edit) => !isPin(edit));
  return [
    ...(pins.length === 0 ? [] : ['overrides:', ...pins.map((pin) => `  - ${renderPin(pin)}`)]),
    ...describeEdits(others).map((line) => `# ${line}`),
  ];
}

type Pin = Extract<ConfigEdit, { readonly kind: 'pin-uid' | 'pin-gid' }>;

function renderPin({ kind, scimId, id }: Pin): string {
  return kind === 'pin-uid'
    ? `{ id: ${quote(scimId)}, uid: ${id} }`
    : `{ group: ${quote(scimId)}, gid: ${id} }`;
}

const quote = (id: string): string => JSON.stringify(id);

/** Whether it changed anything. */
function applyEdit(document: Document, edit: ConfigEdit): boolean {
  switch (edit.kind) {
    case 'pin-uid':
      return pin(document, 'id', 'uid', edit);
    case 'pin-gid':
      return pin(document, 'group', 'gid', edit);
    case 'unpin':
      return unpin(document, edit.scimId);
    case 'move-id':
      return moveId(document, edit.from, edit.to);
  }
}

function pin(
  document: Document,
  subject: 'id' | 'group',
  key: 'uid' | 'gid',
  { scimId, id }: { readonly scimId: string; readonly id: number },
): boolean {
  const present = listEntries(document, ['overrides']).find(
    (entry) => entry.get(subject) === scimId && entry.has(key),
  );
  if (present !== undefined) {
    if (present.get(key) === id) return false;
    present.set(key, id);
    return true;
  }
  const list = document.get('overrides');
  const entry = document.createNode({ [subject]: scimId, [key]: id }, { flow: true });
  if (isSeq(list)) {
    // `overrides: []` with what is added would be one long line.
    if (list.items.length === 0) list.flow = false;
    list.add(entry);
  } else {
    const fresh = new YAMLSeq();
    fresh.add(entry);
    document.set('overrides', fresh);
  }
  return true;
}

function unpin(document: Document, scimId: string): boolean {
  const list = document.get('overrides');
  if (!isSeq(list)) return false;
  let isChanged = false;
  for (const entry of listEntries(document, ['overrides'])) {
    const isOf = (subject: string): boolean => entry.get(subject) === scimId;
    if (!isOf('id') && !isOf('group')) continue;
    isChanged = entry.delete(isOf('id') ? 'uid' : 'gid') || isChanged;
    // What names the subject alone says nothing any more.
    if (entry.items.length === 1) list.items.splice(list.items.indexOf(entry), 1);
  }
  return isChanged;
}

function moveId(document: Document, from: string, to: string): boolean {
  let isChanged = false;
  for (const path of [['overrides'], ['access', 'groups'], ['access', 'sudo_groups']])
    for (const entry of listEntries(document, path))
      for (const key of ['id', 'group']) {
        if (entry.get(key) !== from) continue;
        const node = entry.get(key, true);
        // A node that stays keeps its comment.
        if (isScalar(node)) node.value = to;
        else entry.set(key, to);
        isChanged = true;
      }
  return isChanged;
}

function listEntries(document: Document, path: readonly string[]): YAMLMap[] {
  const list = document.getIn(path);
  return isSeq(list) ? list.items.filter((item) => isMap(item)) : [];
}
