// Which attributes of a raw user and a raw group could be the POSIX name, ids, home and shell; pure.
import { isObject } from '../../protocol/attribute-path.ts';

/** A key of `scim.attributes` that a store may serve under a path of its own. */
export type AttributeKey = 'username' | 'uid' | 'gid' | 'home' | 'shell' | 'group_name' | 'group_gid';

export interface Candidate {
  /** As `scim.attributes` takes it. */
  readonly path: string;
  /** What the raw resource has there. */
  readonly value: string;
}

interface Role {
  readonly kind: 'User' | 'Group';
  /** For the question. */
  readonly what: string;
  readonly fits: (value: string) => boolean;
  /** The likelier the more of these its name has. */
  readonly hints: readonly RegExp[];
}

const isId = (value: string): boolean => /^[0-9]{4,10}$/.test(value);
const isName = (value: string): boolean => /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/.test(value);
const isPath = (value: string): boolean => /^\/[^\s:]{1,200}$/.test(value);

export const ROLES: Readonly<Record<AttributeKey, Role>> = {
  username: {
    kind: 'User',
    what: 'the POSIX name of a user',
    fits: (value) => isName(value) || /^[^\s@]+@[^\s@]+$/.test(value),
    hints: [/posix|unix|login/i, /user_?name$|^uid$/i],
  },
  uid: { kind: 'User', what: 'the uid', fits: isId, hints: [/posix|unix/i, /(?:^|[:._])uid(?:_?number)?$/i] },
  gid: {
    kind: 'User',
    what: 'the primary gid of a user',
    fits: isId,
    hints: [/posix|unix/i, /(?:^|[:._])gid(?:_?number)?$/i],
  },
  home: {
    kind: 'User',
    what: 'the home directory',
    fits: (value) => isPath(value) && !/\/(?:ba|z|k|tc|fi)?sh$/.test(value),
    hints: [/home/i],
  },
  shell: {
    kind: 'User',
    what: 'the login shell',
    fits: (value) => isPath(value) && /\/[a-z-]*(?:sh|nologin|false)$/.test(value),
    hints: [/shell/i],
  },
  group_name: {
    kind: 'Group',
    what: 'the name of a group on the node',
    fits: isName,
    hints: [/posix|unix/i, /name$/i],
  },
  group_gid: {
    kind: 'Group',
    what: 'the gid of a group',
    fits: isId,
    hints: [/posix|unix/i, /(?:^|[:._])gid(?:_?number)?$/i],
  },
};

/** Neither a name nor an id for a node. */
const FRAME = /^(?:id|externalId|schemas|meta|members|groups|active)\b/;
const MAX_DEPTH = 4;
const MAX_LEAVES = 500;

/** Single values with the path under which `scim.attributes` finds them; bounded, since the store is a stranger. */
export function listAttributes(raw: unknown): Candidate[] {
  const found: Candidate[] = [];
  const visit = (value: unknown, path: string, depth: number): void => {
    if (found.length >= MAX_LEAVES || depth > MAX_DEPTH) return;
    if (typeof value === 'string' || typeof value === 'number')
      found.push({ path, value: String(value).slice(0, 200) });
    else if (isObject(value))
      for (const [key, inner] of Object.entries(value)) {
        // A key with a dot cannot be part of a path, but for an extension's URN.
        if (key === '' || /[.\s]/.test(key)) continue;
        const isUrn = path.toLowerCase().startsWith('urn:') && depth === 1;
        visit(inner, `${path}${isUrn ? ':' : '.'}${key}`, depth + 1);
      }
  };
  if (isObject(raw))
    for (const [key, value] of Object.entries(raw))
      if (key !== '' && !FRAME.test(key) && (!/[.\s]/.test(key) || key.toLowerCase().startsWith('urn:')))
        visit(value, key, 1);
  return found;
}

/** What could be it, the likeliest first; of equal ones the first of the resource. */
export function findCandidates(key: AttributeKey, raw: unknown): Candidate[] {
  const { fits, hints } = ROLES[key];
  const score = ({ path }: Candidate): number => {
    const leaf = path.slice(path.lastIndexOf(':') + 1);
    return hints.filter((hint) => hint.test(leaf)).length;
  };
  return listAttributes(raw)
    .filter((one) => fits(one.value) && score(one) > 0)
    .sort((a, b) => score(b) - score(a));
}
