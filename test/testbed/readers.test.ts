// Login nodes as the service sees them: who polls, with which snapshot, and which one most have.
import { describe, expect, it } from 'vitest';
import { findCommonSnapshot, type Reader } from '../../src/testbed/readers.ts';
import { connect } from './client.ts';

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
