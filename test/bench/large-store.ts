// A store of many people for the benchmarks, filled an hour ago, in a process of its own; it prints its addresses.
import { startTestbed } from '../../src/testbed/service.ts';

const [users = '100000', groups = '1000'] = process.argv.slice(2);
// What is younger than some minutes every delta lists again.
let offset = -3_600_000;
// Ids that are free in one piece, so that every user can be an account.
const { baseUrl, token, readToken, adminUrl } = await startTestbed({
  seedUsers: Number(users),
  seedGroups: Number(groups),
  firstUid: 100_000,
  now: () => Date.now() + offset,
});
offset = 0;
process.stdout.write(`${JSON.stringify({ baseUrl, token, readToken, adminUrl })}\n`);
// No process can ask it once its parent has gone.
process.stdin.resume().once('end', () => process.exit());
