// Attribute paths of the configuration against resources as stores, and strangers, spell them.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePath, getProperty, isObject } from '../../../src/protocol/attribute-path.ts';
import { propertyRuns } from '../../support/property-runs.ts';

const URN = 'urn:acme:schemas:extension:2.0:User';
const numRuns = propertyRuns(2000, 100_000);

/** What `JSON.parse` can give, names of JavaScript's own included. */
const anyJson = fc
  .jsonValue({ maxDepth: 4 })
  .chain((value) =>
    fc
      .constantFrom('__proto__', 'constructor', 'toString', 'userName', URN)
      .map((name) => JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(value)}}`) as unknown),
  );

describe('compilePath', () => {
  it('finds a core attribute, and one below it, in whatever case the store writes them', () => {
    const resource = { UserName: 'ann', name: { FamilyName: 'Doe' } };
    expect(compilePath('userName')(resource)).toBe('ann');
    expect(compilePath('NAME.familyname')(resource)).toBe('Doe');
  });

  it('prefers the exact spelling where a resource has both', () => {
    expect(compilePath('uid')({ UID: 1, uid: 2 })).toBe(2);
    expect(compilePath('uid')({ UID: 1, Uid: 2 })).toBe(1);
  });

  it('finds an extension whose URN holds dots and colons, and what lies below it', () => {
    const resource = { [URN]: { uid: 7, posix: { shell: '/bin/sh' } } };
    expect(compilePath(`${URN}:uid`)(resource)).toBe(7);
    expect(compilePath(`${URN.toUpperCase()}:UID`)(resource)).toBe(7);
    expect(compilePath(`${URN}:posix.shell`)(resource)).toBe('/bin/sh');
    expect(compilePath(`${URN}:gid`)(resource)).toBeUndefined();
  });

  it('uses the extension that has the value, where one URN begins another', () => {
    const path = 'urn:a:b:c';
    expect(compilePath(path)({ 'urn:a': { 'b:c': 1 } })).toBe(1);
    expect(compilePath(path)({ 'urn:a': {}, 'urn:a:b': { c: 2 } })).toBe(2);
    expect(compilePath(path)({ 'urn:a:x': { c: 3 } })).toBeUndefined();
    expect(compilePath(path)({ 'xrn:a:b': { c: 4 } })).toBeUndefined();
    expect(compilePath('Urn:a:b:c')({ 'uRN:a:b': { c: 5 } })).toBe(5);
  });

  it('looks on in the other spelling of an extension where the usual one has no such attribute', () => {
    const path = 'urn:a:b:c';
    expect(compilePath(path)({ 'urn:a:b': {}, 'URN:A:B': { c: 1 } })).toBe(1);
    expect(compilePath(path)({ 'URN:A:B': {}, 'urn:a': { 'b:c': 2 } })).toBe(2);
    expect(compilePath(path)({ 'URN:A:B': { c: 3 }, 'urn:a:b': { c: 4 } })).toBe(4);
  });

  it('treats nothing that only begins like a URN as one', () => {
    expect(compilePath('urns.value')({ urns: { value: 1 } })).toBe(1);
    expect(compilePath('urn.value')({ urn: { value: 2 } })).toBe(2);
    expect(compilePath('une:x')({ 'une:x': 3 })).toBe(3);
  });

  it('does not look into what is no object', () => {
    for (const nothing of [null, undefined, 'text', 5, ['userName'], true]) {
      expect(compilePath('userName')(nothing)).toBeUndefined();
      expect(compilePath('length')(nothing)).toBeUndefined();
      expect(compilePath(`${URN}:uid`)(nothing)).toBeUndefined();
      expect(compilePath('name.length')({ name: nothing })).toBeUndefined();
    }
  });

  it('reaches nothing that JavaScript gives every object', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'constructor.name', '__PROTO__.toString']) {
      expect(compilePath(name)({ userName: 'ann' })).toBeUndefined();
      expect(compilePath(`${URN}:${name}`)({ [URN]: {} })).toBeUndefined();
    }
    const hostile: unknown = JSON.parse('{"__proto__": {"userName": "root"}}');
    expect(compilePath('userName')(hostile)).toBeUndefined();
    expect(compilePath('__proto__.userName')(hostile)).toBe('root');
  });

  it('finds what a path was made for, and fails on nothing', () => {
    const step = fc.stringMatching(/^[A-Za-z][A-Za-z0-9$_-]{0,8}$/).filter((text) => !/^urn$/i.test(text));
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        fc.integer(),
        anyJson,
        fc.string(),
        (steps, isExtension, value, other, text) => {
          const tree = steps.reduceRight<unknown>((below, name) => ({ [name]: below }), value);
          const resource = isExtension ? { [URN]: tree } : tree;
          const path = `${isExtension ? `${URN}:` : ''}${steps.join('.')}`;
          expect(compilePath(path)(resource)).toBe(value);
          expect(compilePath(path.toUpperCase())(resource)).toBe(value);
          for (const strange of [text, `${URN}:${text}`, path])
            expect(() => compilePath(strange)(other)).not.toThrow();
        },
      ),
      { numRuns },
    );
  });
});

describe('getProperty', () => {
  it('gives own properties alone', () => {
    expect(
      getProperty(Object.create({ inherited: 1 }) as Record<string, unknown>, 'INHERITED'),
    ).toBeUndefined();
    expect(getProperty({ aa: 1 }, 'a')).toBeUndefined();
    expect(getProperty({ a: undefined, A: 1 }, 'a')).toBeUndefined();
  });
});

describe('isObject', () => {
  it('is true of what has names, and of nothing else', () => {
    expect(isObject({})).toBe(true);
    for (const other of [null, [], 'x', 1, undefined]) expect(isObject(other)).toBe(false);
  });
});
