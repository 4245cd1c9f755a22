// A testbed and a state database, with the reader's code between them in this process.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { duplexPair } from 'node:stream';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { findWindow } from '../../src/agent/ingest/delta-window.ts';
import { fetchStore, type FetchResult } from '../../src/agent/ingest/fetch-store.ts';
import type { NamedResource, SyncMode } from '../../src/agent/ingest/sync-request.ts';
import { type Config, parseConfig } from '../../src/config/config.ts';
import { pathsUnder } from '../../src/common/paths.ts';
import { createLogger } from '../../src/common/log.ts';
import { type StateDatabase, openStateDatabase } from '../../src/state/state.ts';
import { createJudge } from '../../src/agent/ingest/judge-resource.ts';
import { openReader, type Reader } from '../../src/agent/reader-client/reader-client.ts';
import type { GroupRecord, UserRecord } from '../../src/protocol/records.ts';
import { serveAgent } from '../../src/reader/serve.ts';
import { openStore } from '../../src/reader/store.ts';
import type { TestbedOptions } from '../../src/testbed/service.ts';
import { connect, type Client } from './testbed/client.ts';

// Machines may be busy; nothing here measures time.

export const COREWEAVE = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';
export const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJrUj8o1Zr5LwH1o0u0Oe4i2cYkq2gYx0b1r9t1VbJ0M';

export interface IngestHarness extends Client {
  readonly root: string;
  readonly config: Config;
  readonly state: StateDatabase;
  readonly reader: Reader;
  /** One fetch, recorded as a sync, so that a delta continues it. @param now epoch seconds. */
  fetch(mode?: SyncMode, resources?: readonly NamedResource[], now?: number): Promise<FetchResult>;
  /** Switches a fault on. */
  fault(fault: object): Promise<void>;
  clearFaults(): Promise<void>;
  /** The requests of the reader since the last call, as `GET /Users?...`. */
  requests(): Promise<string[]>;
  /** Puts another token in the place of the reader's. */
  writeToken(text: string): void;
  createUser(name: string, more?: object): Promise<string>;
  createGroup(name: string, members: readonly string[]): Promise<string>;
  patch(resource: string, operation: object): Promise<void>;
  user(id: string): (UserRecord & { absent: boolean; confirmedAt: number }) | undefined;
  group(id: string): (GroupRecord & { absent: boolean }) | undefined;
  /** userNames of the users who are not absent. */
  people(): string[];
}

/**
 * Starts all of it, to end with the test.
 * @param more further lines of the configuration, below `scim:` and at its top level; another token; and what stands in
 *   front of the store, as the base URL under which it is reached.
 */
export async function startIngestHarness(
  options: TestbedOptions = {},
  more: { scim?: string; rest?: string; token?: string; front?: (baseUrl: string) => Promise<string> } = {},
): Promise<IngestHarness> {
  const client = await connect(options);
  const { testbed } = client;
  const root = mkdtempSync(path.join(tmpdir(), 'harness-'));
  const credentials = path.join(root, 'etc/sunk-agent/credentials');
  mkdirSync(credentials, { recursive: true });
  writeFileSync(path.join(credentials, 'scim-token'), more.token ?? testbed.readToken);
  const baseUrl = more.front === undefined ? testbed.baseUrl : await more.front(testbed.baseUrl);
  const yaml = `scim:\n  base_url: ${baseUrl}\n${more.scim ?? ''}\n${more.rest ?? ''}`;
  const config = parseConfig(yaml, 'config.yaml');
  const state = openStateDatabase(path.join(root, 'state'), Math.floor(Date.now() / 1000), 'this node');
  const [agentEnd, readerEnd] = duplexPair();
  const store = openStore(config, root, () => 0);
  const served = serveAgent(readerEnd, store, createLogger('reader', 'silent'));
  const reader = openReader(agentEnd, config.scim.bounds);
  onTestFinished(async () => {
    reader.close();
    readerEnd.destroy();
    await served;
    await store.client.close();
    state.close();
    rmSync(root, { recursive: true });
  });
  const paths = pathsUnder(root);
  const judge = createJudge(config.scim.attributes);

  return {
    ...client,
    root,
    config,
    state,
    reader,
    async fetch(mode = 'full', resources = [], now = Math.floor(Date.now() / 1000)) {
      const n = state.beginSync(now);
      const since = findWindow(state, config, now);
      const fetched = await fetchStore(
        { reader, judge, state, config, paths, now },
        { mode, resources },
        since,
      );
      state.endSync(n, { startedAt: now, fetched }, []);
      return fetched;
    },
    async fault(fault) {
      const { status, text } = await client.admin('POST', '/faults', fault);
      if (status !== 201) throw new Error(text);
    },
    async clearFaults() {
      await client.admin('DELETE', '/faults');
    },
    async requests() {
      const { body } = await client.admin('GET', '/requests?token=login-nodes');
      await client.admin('DELETE', '/requests');
      return (body.requests as { method: string; target: string }[]).map(
        ({ method, target }) =>
          `${method} ${decodeURIComponent(target.replaceAll('+', ' ').replace(/^\/scim\/[^/]+/, ''))}`,
      );
    },
    writeToken: (text) => writeFileSync(path.join(credentials, 'scim-token'), text),
    async createUser(name, extra = {}) {
      const { body, status, text } = await client.send('POST', '/Users', {
        userName: `${name}@example.com`,
        active: true,
        [COREWEAVE]: { sunkSshKeys: KEY },
        ...extra,
      });
      if (status !== 201) throw new Error(text);
      return body.id as string;
    },
    async createGroup(name, members) {
      const { body, status, text } = await client.send('POST', '/Groups', {
        displayName: name,
        members: members.map((value) => ({ value })),
      });
      if (status !== 201) throw new Error(text);
      return body.id as string;
    },
    async patch(resource, operation) {
      const { status, text } = await client.send('PATCH', resource, { Operations: [operation] });
      if (status >= 300) throw new Error(text);
    },
    user(id) {
      const found = state.users().find(({ record }) => record.id === id);
      return found && { ...found.record, absent: found.absent, confirmedAt: found.confirmedAt };
    },
    group(id) {
      const found = state.groups().find(({ record }) => record.id === id);
      return found && { ...found.record, absent: found.absent };
    },
    people: () =>
      state
        .users()
        .filter(({ absent }) => !absent)
        .map(({ record }) => record.userName)
        .sort(),
  };
}
