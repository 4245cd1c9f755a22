// A store of a hundred thousand people for the benchmarks, in a process of its own; it prints its addresses.
import { startTestbed } from '../../src/testbed/service.ts';

const [users = '100000', groups = '1000'] = process.argv.slice(2);
// Ids that are free in one piece, so that everybody can be an account.
const { baseUrl, readToken, adminUrl } = await startTestbed({
  seedUsers: Number(users),
  seedGroups: Number(groups),
  firstUid: 100_000,
});
process.stdout.write(`${JSON.stringify({ baseUrl, readToken, adminUrl })}\n`);
