// Login nodes as the service sees them: who polls, with which snapshot, and which one most have.
import { describe, expect, it } from 'vitest';
import { findCommonSnapshot, type Reader } from '../../../src/testbed/readers.ts';
import { enter } from '../../support/testbed/browser-client.ts';
import { connect } from '../../support/testbed/client.ts';

describe('the login nodes', () => {
  it('are those who read with a read-only token, each with what it says of its snapshot', async () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    const { send, admin, testbed } = await connect({ now: () => now });
    const poll = (announcement?: string): Promise<unknown> =>
      send('GET', '/Users', undefined, {
        authorization: `Bearer ${testbed.readToken}`,
        ...(announcement === undefined ? {} : { 'sunk-agent-snapshot': announcement }),
      });
    await send('GET', '/Users');
    await poll('aaaaaaaaaaaa; node="login-0"');
    await poll('bbbbbbbbbbbb; node="login-1"');
    now += 30_000;
    await poll('aaaaaaaaaaaa; node="login-0"');
    await poll();
    await poll('<script>; node="x"');
    const { body } = await admin('GET', '/readers');
    expect(body.readers).toEqual([
      expect.objectContaining({ node: null, snapshot: null, since: null, requests: 2 }),
      {
        token: 'login-nodes',
        node: 'login-0',
        snapshot: 'aaaaaaaaaaaa',
        since: '2026-01-01T00:00:00.000Z',
        lastPoll: '2026-01-01T00:00:30.000Z',
        requests: 2,
        status: 200,
      },
      expect.objectContaining({ node: 'login-1', snapshot: 'bbbbbbbbbbbb', requests: 1 }),
    ]);
  });

  it('are shown in the console, and marked where their snapshot differs from what most have', async () => {
    const { send, testbed } = await connect();
    for (const [node, hash] of [
      ['login-0', 'aaaaaaaaaaaa'],
      ['login-1', 'aaaaaaaaaaaa'],
      ['login-2', 'bbbbbbbbbbbb'],
    ]) {
      const authorization = `Bearer ${testbed.readToken}`;
      await send('GET', '/Users', undefined, {
        authorization,
        'sunk-agent-snapshot': `${hash}; node="${node}"`,
      });
    }
    const window = await enter(testbed);
    const { text } = await window.get('/console/login-nodes');
    expect(text).toContain('1 of 3 differ from the snapshot that most have');
    const rows = text.split('<tr role="row">').map((row) => row.replaceAll(/<[^>]*>|\s+/g, ' '));
    const stateOf = (node: string): string | undefined =>
      /agrees|differs/.exec(rows.find((row) => row.includes(node)) ?? '')?.[0];
    expect(['login-0', 'login-1', 'login-2'].map(stateOf)).toEqual(['agrees', 'agrees', 'differs']);
  });

  it('are told apart by the snapshot that most have; of equals the newer counts', () => {
    const reader = (snapshot: string | null, since: string): Reader => ({
      token: 't',
      node: null,
      snapshot,
      since,
      lastPoll: since,
      requests: 1,
      status: 200,
    });
    expect(findCommonSnapshot([])).toBeNull();
    expect(findCommonSnapshot([reader(null, '')])).toBeNull();
    expect(findCommonSnapshot([reader('a', '1'), reader('a', '1'), reader('b', '2')])).toBe('a');
    expect(findCommonSnapshot([reader('a', '1'), reader('b', '2')])).toBe('b');
    expect(findCommonSnapshot([reader('b', '2'), reader('a', '1')])).toBe('b');
  });
});
