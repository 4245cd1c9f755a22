import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../../src/config/config.ts';
import { type ConfigEdit, editConfig, renderEdits } from '../../../../src/agent/overrides/edit-config.ts';

const TEXT = `# by hand
mode: enforce
scim: { base_url: "https://store.example/x" } # the store
access:
  groups:
    - name: slurm-users
      id: g-old # pinned in May
  sudo_groups: [ { name: admins, id: g-admins } ]
accounts: { domains: [ example.com ] }
`;
const edit = (text: string, ...edits: ConfigEdit[]) => editConfig(text, edits, 'config.yaml');
const overrides = (text: string) => parseConfig(text, 'config.yaml').overrides;

describe('editConfig', () => {
  test('adds a uid, and keeps everything else byte for byte', () => {
    const edited = edit(TEXT, { kind: 'pin-uid', scimId: 'u-new', id: 10_005 });
    expect(edited).toBe(`${TEXT}overrides:\n  - { id: u-new, uid: 10005 }\n`);
    expect(edit(edited, { kind: 'pin-uid', scimId: 'u-new', id: 10_005 })).toBe(edited);
    expect(overrides(edit(edited, { kind: 'pin-uid', scimId: 'u-new', id: 10_006 }))).toEqual([
      { id: 'u-new', uid: 10_006 },
    ]);
  });

  test('adds to the overrides that are there, in either style', () => {
    for (const list of [
      'overrides: []\n',
      'overrides: [{ id: u-a, block: true }]\n',
      'overrides:\n  - { id: u-a }\n',
    ]) {
      const text = TEXT + list;
      const after = overrides(edit(text, { kind: 'pin-gid', scimId: 'g-new', id: 20_000 }));
      expect(after).toEqual([...overrides(text), { group: 'g-new', gid: 20_000 }]);
    }
  });

  test('moves each id, with its comment', () => {
    const text = `${TEXT}overrides:\n  - { id: g-old, block: true } # odd\n  - { group: g-old, gid: 7000 }\n`;
    expect(edit(text, { kind: 'move-id', from: 'g-old', to: 'g-new' })).toBe(
      text.replaceAll('g-old', 'g-new'),
    );
    expect(edit(text, { kind: 'move-id', from: 'nothing', to: 'g-new' })).toBe(text);
  });

  test('takes a pinned id back, and an entry that then says nothing', () => {
    const text = `${TEXT}overrides:\n  - { id: u-a, uid: 7000 }\n  - { id: u-b, uid: 7001, block: true }\n`;
    expect(overrides(edit(text, { kind: 'unpin', scimId: 'u-a' }))).toEqual([
      { id: 'u-b', uid: 7001, block: true },
    ]);
    expect(overrides(edit(text, { kind: 'unpin', scimId: 'u-b' }))).toEqual([
      { id: 'u-a', uid: 7000 },
      { id: 'u-b', block: true },
    ]);
    expect(edit(text, { kind: 'unpin', scimId: 'u-c' })).toBe(text);
    expect(edit(TEXT, { kind: 'unpin', scimId: 'u-a' })).toBe(TEXT);
  });

  test('refuses a text that is no configuration', () => {
    expect(() => edit('scim: [', { kind: 'unpin', scimId: 'u' })).toThrow(/config.yaml/);
    expect(() => edit(TEXT, { kind: 'pin-uid', scimId: 'u', id: 2 ** 40 })).toThrow(/config.yaml/);
  });

  test('what it writes for any id reads as that id', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (scimId) => {
        const edited = edit(TEXT, { kind: 'pin-uid', scimId, id: 10_005 });
        expect(overrides(edited)).toEqual([{ id: scimId, uid: 10_005 }]);
        const moved = edit(edited, { kind: 'move-id', from: scimId, to: `${scimId} "#` });
        expect(overrides(moved)).toEqual([{ id: `${scimId} "#`, uid: 10_005 }]);
      }),
    );
  });
});

test('an operator who pastes the lines has what the command would have written', () => {
  const edits: ConfigEdit[] = [
    { kind: 'pin-uid', scimId: 'u: "#', id: 10_005 },
    { kind: 'pin-gid', scimId: 'g', id: 20_000 },
  ];
  const lines = renderEdits([...edits, { kind: 'unpin', scimId: 'h' }]);
  expect(overrides(`${TEXT}${lines.join('\n')}\n`)).toEqual(overrides(edit(TEXT, ...edits)));
  expect(lines.at(-1)).toBe('# overrides: remove the uid or gid of "h"');
});
