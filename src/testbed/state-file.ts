// The testbed's state in a file, so that a rehearsal survives a restart; tokens stand in it as hashes only.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import type { Json, JsonObject } from './protocol/json.ts';
import { ssoStateSchema } from './saml/sso-state.ts';
import { settingsSchema } from './settings.ts';

const resource = z.record(z.string(), z.custom<Json>()) satisfies z.ZodType<JsonObject>;

const entry = z.strictObject({
  id: z.string(),
  seq: z.int(),
  posixId: z.int(),
  modified: z.number(),
  resource,
  consoleKeys: z.array(z.string()).readonly(),
});

const token = z.strictObject({
  hash: z.string(),
  name: z.string(),
  role: z.enum(['provisioning', 'read-only']),
  created: z.string(),
  lastUsed: z.string().nullable(),
});

const policyGroup = z.strictObject({
  name: z.string(),
  policies: z.array(z.string()).readonly(),
  isDefault: z.boolean(),
});

const stateSchema = z.strictObject({
  version: z.literal(1),
  org: z.string(),
  settings: settingsSchema,
  tokens: z.array(token).readonly(),
  policyGroups: z.strictObject({
    groups: z.array(policyGroup).readonly(),
    attached: z.record(z.string(), z.array(z.string()).readonly()),
  }),
  sso: ssoStateSchema.nullable(),
  organisation: z.strictObject({
    users: z.array(entry).readonly(),
    groups: z.array(entry).readonly(),
    leaks: z
      .record(z.string(), z.strictObject({ at: z.string(), fingerprint: z.string().nullable() }))
      .default({}),
    next: z.strictObject({ uid: z.int(), gid: z.int(), seq: z.int() }),
  }),
});

export type SavedState = z.output<typeof stateSchema>;

/**
 * What an earlier run left; null if there is no such file yet.
 * @throws Error for a file of another kind, or of another organisation.
 */
export function readStateFile(file: string, org: string): SavedState | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  const parsed = stateSchema.safeParse(parseJson(text, file));
  if (!parsed.success) {
    throw new Error(`${file} is no state of a testbed: ${z.prettifyError(parsed.error)}`);
  }
  if (parsed.data.org !== org)
    throw new Error(`${file} is of the organisation ${parsed.data.org}, not ${org}`);
  return parsed.data;
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new Error(`${file} is no state of a testbed: not JSON`, { cause });
  }
}

export interface StateFile {
  /** Something may have changed: it is written soon. */
  touch(): void;
  /** Writes now what was touched. */
  flush(): void;
}

/** Milliseconds for which changes are collected before they are written. */
const DELAY = 200;

/** @param dump the state at the moment of writing. */
export function openStateFile(file: string, dump: () => SavedState): StateFile {
  let timer: NodeJS.Timeout | null = null;

  function flush(): void {
    if (timer === null) return;
    clearTimeout(timer);
    timer = null;
    writeFileSync(`${file}.new`, JSON.stringify(dump()), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }

  return {
    touch() {
      timer ??= setTimeout(flush, DELAY);
    },
    flush,
  };
}
