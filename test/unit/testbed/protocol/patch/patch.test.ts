// PATCH in the forms in which the identity providers send it.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../../../src/testbed/protocol/json.ts';
import { applyPatch } from '../../../../../src/testbed/protocol/patch/patch.ts';
import { foldPatchPath, parsePath } from '../../../../../src/testbed/protocol/patch/path.ts';
import { ScimError } from '../../../../../src/testbed/protocol/scim-error.ts';
import { propertyRuns } from '../../../../support/property-runs.ts';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const COREWEAVE = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';
const READ_ONLY = new Set(['id', 'meta', `${COREWEAVE}:uid`.toLowerCase()]);

function patch(resource: JsonObject, ...operations: Json[]): JsonObject {
  return applyPatch(resource, { Operations: operations }, READ_ONLY);
}

describe('a path', () => {
  it.each([
    ['userName', ['userName'], false, null],
    ['name.givenName', ['name', 'givenName'], false, null],
    [`${ENTERPRISE}:department`, [ENTERPRISE, 'department'], false, null],
    [`${ENTERPRISE}:manager.displayName`, [ENTERPRISE, 'manager', 'displayName'], false, null],
    [COREWEAVE, [COREWEAVE], false, null],
    ['emails[type eq "work"]', ['emails'], true, null],
    ['emails[type eq "work"].value', ['emails'], true, 'value'],
    ['members[value eq "]"].$ref', ['members'], true, '$ref'],
    ['urn:other:ext:attr', ['urn:other:ext', 'attr'], false, null],
  ])('%s has its parts', (text, steps, isFiltered, sub) => {
    const path = parsePath(text);
    expect(path.steps).toEqual(steps);
    expect(path.filter !== null).toBe(isFiltered);
    expect(path.sub).toBe(sub);
  });

  it.each([
    '',
    '.',
    'a..b',
    '__proto__',
    'a.__proto__',
    'emails[',
    'emails[]',
    'emails[a eq 1]x',
    'a b',
    'urn:',
    'urn:x',
  ])('"%s" is refused as invalidPath', (text) => {
    expect(() => parsePath(text)).toThrow(expect.objectContaining({ scimType: 'invalidPath' }));
  });

  it.each([
    ['a b', 'expected the end at character 2, found " b"'],
    ['emails[a eq 1]x', 'expected a sub-attribute or the end at character 15, found "x"'],
    ['emails[a eq 1].value.x', 'expected a sub-attribute or the end at character 15, found ".value.x"'],
    ['emails[a eq 1]x.value', 'expected a sub-attribute or the end at character 15, found "x.value"'],
  ])('%s is refused with the place', (text, message) => {
    expect(() => parsePath(text)).toThrow(message);
  });

  it.each([
    ['userName', 'username'],
    ['Emails[Type eq "Work"]', 'emails'],
    ['Emails[Type eq "Work"].Value', 'emails.value'],
    [`${COREWEAVE}:UID`, `${COREWEAVE}:uid`.toLowerCase()],
  ])('%s is looked up as %s', (text, folded) => {
    expect(foldPatchPath(parsePath(text))).toBe(folded);
  });
});

describe('Entra’s default PATCH', () => {
  it('sets one attribute an operation, capitalised, also in extensions', () => {
    const patched = patch(
      { userName: 'a', name: { givenName: 'A', familyName: 'B' } },
      { op: 'Replace', path: 'active', value: 'False' },
      { op: 'Add', path: 'name.familyName', value: 'C' },
      { op: 'Add', path: `${ENTERPRISE}:department`, value: 'R&D' },
      { op: 'Add', path: `${COREWEAVE}:sunkSshKeys`, value: 'ssh-ed25519 A' },
    );
    expect(patched).toEqual({
      userName: 'a',
      active: 'False',
      name: { givenName: 'A', familyName: 'C' },
      [ENTERPRISE]: { department: 'R&D' },
      [COREWEAVE]: { sunkSshKeys: 'ssh-ed25519 A' },
    });
  });

  it('makes the element that a value path describes, once for all additions to it', () => {
    const patched = patch(
      {},
      { op: 'Add', path: 'addresses[type eq "work"].locality', value: 'Berlin' },
      { op: 'Add', path: 'addresses[type eq "work"].country', value: 'DE' },
      { op: 'Add', path: 'roles[primary eq "True"].value', value: 'x' },
    );
    expect(patched).toEqual({
      addresses: [{ type: 'work', locality: 'Berlin', country: 'DE' }],
      roles: [{ primary: 'True', value: 'x' }],
    });
  });

  it('removes members by value and leaves the others', () => {
    const group = { members: [{ value: 'a' }, { value: 'b' }, { value: 'c' }] };
    const removal = { op: 'Remove', path: 'members', value: [{ $ref: null, value: 'a' }, { value: 'gone' }] };
    expect(patch(group, removal)).toEqual({ members: [{ value: 'b' }, { value: 'c' }] });
  });

  it('adds members to those that are there, none twice', () => {
    const addition = { op: 'Add', path: 'members', value: [{ value: 'b' }, { value: 'c' }] };
    expect(patch({ members: [{ value: 'a' }, { value: 'b' }] }, addition, addition)).toEqual({
      members: [{ value: 'a' }, { value: 'b' }, { value: 'c' }],
    });
  });

  it('sets the manager as a bare text', () => {
    const patched = patch({}, { op: 'Add', path: `${ENTERPRISE}:manager`, value: 'id-1' });
    expect(patched).toEqual({ [ENTERPRISE]: { manager: 'id-1' } });
  });
});

describe('Entra’s PATCH with aadOptscim062020', () => {
  it('replaces flat keys without a path', () => {
    const value = {
      active: false,
      'name.givenName': 'N',
      [`${COREWEAVE}:sunkSshKeys`]: 'K',
      'emails[type eq "work"].value': 'w@x',
    };
    const before = { name: { familyName: 'F' }, emails: [{ type: 'work', value: 'old' }] };
    expect(patch(before, { op: 'replace', value })).toEqual({
      active: false,
      name: { familyName: 'F', givenName: 'N' },
      emails: [{ type: 'work', value: 'w@x' }],
      [COREWEAVE]: { sunkSshKeys: 'K' },
    });
  });

  it('removes a member by a filter', () => {
    const group = { members: [{ value: 'a' }, { value: 'b' }] };
    expect(patch(group, { op: 'remove', path: 'members[value eq "a"]' })).toEqual({
      members: [{ value: 'b' }],
    });
  });
});

describe('Okta’s PATCH', () => {
  it('deactivates without a path', () => {
    expect(patch({ active: true }, { op: 'replace', value: { active: false } })).toEqual({ active: false });
  });

  it('renames a group and may carry the read-only id', () => {
    const renamed = patch(
      { id: 'g', displayName: 'old' },
      { op: 'replace', value: { id: 'other', displayName: 'new' } },
    );
    expect(renamed).toEqual({ id: 'g', displayName: 'new' });
  });
});

describe('PATCH', () => {
  it('replaces an extension by its parts and leaves the rest of it', () => {
    const before = { [COREWEAVE]: { uid: 1, sunkSshKeys: 'A' } };
    expect(patch(before, { op: 'replace', value: { [COREWEAVE]: { sunkSshKeys: 'B', uid: 0 } } })).toEqual({
      [COREWEAVE]: { uid: 1, sunkSshKeys: 'B' },
    });
  });

  it('leaves the resource as it is when any operation fails', () => {
    const resource = { userName: 'a', emails: [{ type: 'work', value: 'w' }] };
    const before = structuredClone(resource);
    expect(() =>
      patch(resource, { op: 'replace', path: 'emails[type eq "work"].value', value: 'x' }, { op: 'bad' }),
    ).toThrow(ScimError);
    expect(resource).toEqual(before);
  });

  it('lets only the newest value be primary', () => {
    const addition = { op: 'add', path: 'emails', value: [{ value: 'c', primary: true }] };
    expect(patch({ emails: [{ value: 'a', primary: true }] }, addition)).toEqual({
      emails: [
        { value: 'a', primary: false },
        { value: 'c', primary: true },
      ],
    });
    const before = { emails: [{ type: 'a', primary: true }, { type: 'b' }] };
    expect(patch(before, { op: 'add', path: 'emails[type eq "b"].primary', value: true })).toEqual({
      emails: [
        { type: 'a', primary: false },
        { type: 'b', primary: true },
      ],
    });
  });

  it('leaves which value is primary alone where none that comes is, and values that are plain text as they are', () => {
    const before = { emails: ['plain', { value: 'a', primary: true }, { value: 'b', primary: false }] };
    expect(patch(before, { op: 'add', path: 'emails', value: [{ value: 'c' }, 'more'] })).toEqual({
      emails: [...before.emails, { value: 'c' }, 'more'],
    });
    const addition = { op: 'add', path: 'emails', value: [{ value: 'c', primary: true }, { value: 'd' }] };
    expect(patch({ emails: ['plain', { value: 'a', primary: true }, { value: 'b' }] }, addition)).toEqual({
      emails: [
        'plain',
        { value: 'a', primary: false },
        { value: 'b' },
        { value: 'c', primary: true },
        { value: 'd' },
      ],
    });
  });

  it('adds a value once that one operation brings twice', () => {
    const addition = { op: 'add', path: 'members', value: [{ value: 'b' }, { value: 'b', type: 'User' }] };
    expect(patch({ members: [{ value: 'a' }] }, addition)).toEqual({
      members: [{ value: 'a' }, { value: 'b' }],
    });
  });

  it('takes a single value for one in a list', () => {
    expect(patch({}, { op: 'add', path: 'PhoneNumbers', value: { value: '1' } })).toEqual({
      phoneNumbers: [{ value: '1' }],
    });
    const before = { tags: ['a', 'b'], members: [{ value: 'a' }, { value: 'b' }] };
    expect(
      patch(
        before,
        { op: 'add', path: 'tags', value: 'c' },
        { op: 'remove', path: 'members', value: { value: 'a' } },
      ),
    ).toEqual({ tags: ['a', 'b', 'c'], members: [{ value: 'b' }] });
    expect(patch(before, { op: 'replace', path: 'tags', value: 'c' })).toEqual({
      tags: ['c'],
      members: before.members,
    });
  });

  it('replaces a whole list', () => {
    const replacement = { op: 'replace', path: 'members', value: [{ value: 'c' }] };
    expect(patch({ members: [{ value: 'a' }, { value: 'b' }] }, replacement)).toEqual({
      members: [{ value: 'c' }],
    });
  });

  it('reaches a sub-attribute of each value of a list', () => {
    const before = { emails: [{ type: 'work', value: 'a' }, { type: 'home', value: 'b' }, 'plain'] };
    expect(patch(before, { op: 'replace', path: 'emails.display', value: 'x' })).toEqual({
      emails: [
        { type: 'work', value: 'a', display: 'x' },
        { type: 'home', value: 'b', display: 'x' },
        'plain',
      ],
    });
    expect(patch(before, { op: 'remove', path: 'emails.type' })).toEqual({
      emails: [{ value: 'a' }, { value: 'b' }, 'plain'],
    });
    expect(patch({}, { op: 'add', path: 'Emails.value', value: 'x' })).toEqual({ emails: [{ value: 'x' }] });
    expect(patch({ userName: 'a' }, { op: 'remove', path: 'emails.value' })).toEqual({ userName: 'a' });
  });

  it('changes nothing where what it removes is not there', () => {
    const before = { userName: 'a' };
    expect(patch(before, { op: 'remove', path: 'name.givenName' })).toEqual(before);
    expect(patch(before, { op: 'remove', path: 'members', value: [{ value: 'a' }] })).toEqual(before);
    expect(patch(before, { op: 'remove', path: 'userName.part' })).toEqual(before);
  });

  it('leaves no empty attribute behind', () => {
    expect(patch({ name: { givenName: 'A' } }, { op: 'remove', path: 'name.givenName' })).toEqual({});
    expect(patch({ members: [{ value: 'a' }] }, { op: 'replace', path: 'members', value: [] })).toEqual({});
    expect(
      patch({ members: [{ value: 'a' }] }, { op: 'remove', path: 'members', value: [{ value: 'a' }] }),
    ).toEqual({});
  });

  it('removes all of an attribute that a remove names without a value', () => {
    expect(patch({ members: [{ value: 'a' }], tag: 'b' }, { op: 'remove', path: 'members' })).toEqual({
      tag: 'b',
    });
  });

  it('takes a replace with null for a remove, and passes over an add of it', () => {
    const before = { title: 'x', members: [{ value: 'a' }] };
    expect(patch(before, { op: 'replace', path: 'title', value: null })).toEqual({ members: before.members });
    expect(patch(before, { op: 'add', path: 'title', value: null })).toEqual(before);
    expect(patch(before, { op: 'add', path: 'members', value: null })).toEqual(before);
  });

  it('adds parts to an object and leaves the rest of it, whatever the case of their names', () => {
    const before = { name: { givenName: 'A', familyName: 'B' } };
    for (const op of ['add', 'replace']) {
      expect(patch(before, { op, path: 'name', value: { FAMILYNAME: 'C', middleName: 'D' } })).toEqual({
        name: { givenName: 'A', familyName: 'C', middleName: 'D' },
      });
    }
  });

  it('writes an object in place of a text, and a text in place of an object', () => {
    expect(patch({ name: 'A B' }, { op: 'add', path: 'name', value: { givenName: 'A' } })).toEqual({
      name: { givenName: 'A' },
    });
    expect(patch({ name: { givenName: 'A' } }, { op: 'add', path: 'name', value: 'A B' })).toEqual({
      name: 'A B',
    });
    expect(patch({ name: 'A B' }, { op: 'add', path: 'name.givenName', value: 'A' })).toEqual({
      name: { givenName: 'A' },
    });
  });

  it('takes an empty path for none', () => {
    expect(patch({}, { op: 'add', path: '', value: { userName: 'b' } })).toEqual({ userName: 'b' });
  });

  it('takes an object under a name that is no extension for that attribute’s value', () => {
    expect(patch({}, { op: 'add', value: { name: { givenName: 'A' } } })).toEqual({
      name: { givenName: 'A' },
    });
  });

  it('refuses what is no list of operations, and more than 10,000', () => {
    const apply = (body: JsonObject) => () => applyPatch({}, body, READ_ONLY);
    for (const operations of [null, [], {}, 'add', { length: 1 }]) {
      expect(apply({ Operations: operations })).toThrow(
        expect.objectContaining({
          status: 400,
          scimType: 'invalidSyntax',
          message: 'a PATCH needs a list "Operations"',
        }),
      );
    }
    const operation = { op: 'add', path: 'title', value: 'x' };
    expect(apply({ Operations: Array.from({ length: 10_000 }, () => operation) })()).toEqual({ title: 'x' });
    expect(apply({ Operations: Array.from({ length: 10_001 }, () => operation) })).toThrow(
      expect.objectContaining({ status: 400, scimType: 'tooMany', message: 'more than 10000 operations' }),
    );
  });

  it('knows only own attributes', () => {
    expect(
      patch({}, { op: 'add', path: 'toString.a', value: 1 }, { op: 'add', path: 'valueOf', value: 2 }),
    ).toEqual({
      toString: { a: 1 },
      valueOf: 2,
    });
    expect(patch({}, { op: 'add', path: 'constructor[a eq 1].b', value: 1 })).toEqual({
      constructor: [{ a: 1, b: 1 }],
    });
  });

  it.each([
    [
      'a replace that selects nothing',
      { op: 'replace', path: 'emails[type eq "x"].value', value: 'v' },
      'noTarget',
      'no value of emails fulfils the filter',
    ],
    ['a remove without a path', { op: 'remove' }, 'noTarget', 'a remove needs a path'],
    [
      'an unknown operation',
      { op: 'move', path: 'a' },
      'invalidSyntax',
      '"op" is "move", not add, replace or remove',
    ],
    [
      'an operation whose name is no text',
      { op: ['add'], path: 'a', value: 1 },
      'invalidSyntax',
      '"op" is ["add"], not add, replace or remove',
    ],
    ['an operation that is no object', 'add', 'invalidSyntax', 'an operation is not an object'],
    ['a path that is no text', { op: 'add', path: 5, value: 1 }, 'invalidPath', 'a path is not text'],
    ['a read-only attribute', { op: 'replace', path: 'id', value: 'x' }, 'mutability', 'id is read-only'],
    ['one in another case', { op: 'replace', path: 'ID', value: 'x' }, 'mutability', 'ID is read-only'],
    ['a part of a read-only attribute', { op: 'replace', path: 'meta.created', value: 'x' }, 'mutability'],
    ['an assigned uid', { op: 'replace', path: `${COREWEAVE}:uid`, value: 0 }, 'mutability'],
    ['a path that is none', { op: 'add', path: '__proto__.polluted', value: 1 }, 'invalidPath'],
    [
      'a value that is no object',
      { op: 'add', value: 'x' },
      'invalidValue',
      'add without a path needs an object',
    ],
    [
      'a selection in an attribute with one value',
      { op: 'add', path: 'userName[type eq "x"]', value: 1 },
      'invalidPath',
      'userName has one value; there is nothing to select',
    ],
  ])('refuses %s', (_, operation, scimType, message = '') => {
    expect(() => patch({ userName: 'a' }, operation as Json)).toThrow(
      expect.objectContaining({ status: 400, scimType, message: expect.stringContaining(message) }),
    );
  });
});

const operation = fc.record(
  {
    op: fc.constantFrom('add', 'Replace', 'remove', 'x'),
    path: fc.oneof(
      fc.constantFrom(
        'members',
        'emails[type eq "work"].value',
        'emails[value pr]',
        'name.givenName',
        'emails.value',
        COREWEAVE,
      ),
      fc.constantFrom(`${COREWEAVE}:sunkSshKeys`, 'constructor.prototype', '__proto__', 'userName', 'name'),
      fc.string(),
    ),
    value: fc.jsonValue({ maxDepth: 3 }),
  },
  { requiredKeys: ['op'] },
) as fc.Arbitrary<Json>;

describe('any PATCH', () => {
  it('gives a new resource or a refusal, never touches the old one, and never a prototype', () => {
    const resource = {
      userName: 'a',
      name: { givenName: 'G' },
      members: [{ value: 'a' }],
      emails: [{ type: 'work', value: 'w' }, 'plain'],
    };
    const before = structuredClone(resource);
    fc.assert(
      fc.property(fc.array(operation, { minLength: 1, maxLength: 6 }), (operations) => {
        try {
          JSON.stringify(patch(resource, ...operations));
        } catch (error) {
          expect(error).toBeInstanceOf(ScimError);
        }
        expect(resource).toEqual(before);
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: propertyRuns(1000, 100_000) },
    );
  });

  it('that adds what is there already changes nothing', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.uuid(), { minLength: 1 }), (ids) => {
        const addition = { op: 'add', path: 'members', value: ids.map((value) => ({ value })) };
        const once = patch({}, addition);
        expect(patch(once, addition)).toEqual(once);
      }),
    );
  });
});
