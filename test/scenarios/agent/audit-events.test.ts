// The audit events of a running daemon: what its syncs change and what operators do beside it.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { auditEvent, type AuditEvent } from '../../../src/agent/report/events/audit-event.ts';
import { eventually } from '../../support/eventually.ts';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';
import { makeEd25519, seedRandom, writeBlob } from '../../support/records/key-corpus.ts';

describe('a daemon with audit.events: stdout', () => {
  let node: ThrowawayRoot;
  let daemon: ChildProcess | null = null;

  beforeEach(async () => {
    node = await makeThrowawayRoot();
    node.configure('sync: { poll: "* * * * * *" }\naudit: { events: stdout }\n');
  });
  afterEach(async () => {
    if (daemon !== null && daemon.exitCode === null) {
      daemon.kill();
      await once(daemon, 'close');
    }
    await node.close();
  });

  test(
    'writes each change and each act once, in its shape and without a key',
    { timeout: 120_000 },
    async () => {
      const key = `ssh-ed25519 ${writeBlob('ssh-ed25519', makeEd25519(seedRandom(5))).toString('base64')}`;
      const alice = await node.pushUser('alice@example.com', key);
      await node.pushGroup('slurm-users', [alice]);
      const lines: string[] = [];
      daemon = node.start('run');
      if (daemon.stdout === null) throw new Error('no output');
      createInterface(daemon.stdout).on('line', (line) => lines.push(line));
      daemon.stderr?.resume();
      const events = (code: string): AuditEvent[] =>
        lines.map((line) => auditEvent.parse(JSON.parse(line))).filter((event) => event.code === code);

      await eventually('a first key', () => events('keys-write').length === 1);
      expect(events('keys-write')[0]?.keys?.gained).toEqual([expect.stringMatching(/^SHA256:/)]);
      expect(events('account-create')[0]).toMatchObject({
        subject: { name: 'alice', scimId: alice },
        actor: { kind: 'store', snapshot: expect.stringMatching(/^[0-9a-f]{16}$/) },
        reason: 'is in an access group',
      });
      expect(events('member-add')[0]).toMatchObject({ subject: { name: 'alice', group: 'slurm-users' } });

      expect((await node.run('block', 'alice')).status).toBe(0);
      await eventually('the block', () => events('block').length === 1);
      expect(events('block')[0]).toMatchObject({
        event: 'act',
        subject: { name: 'alice', scimId: alice },
        sync: null,
      });
      // The command revoked it itself, before any sync.
      await eventually('the revocation', () => events('account-close').length > 0);
      expect(events('account-close')[0]).toMatchObject({ subject: { name: 'alice', scimId: alice } });
      expect(lines.join('\n')).not.toContain(key.slice(12, 60));
      expect(new Set(lines).size).toBe(lines.length);
    },
  );
});
