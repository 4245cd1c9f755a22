// What the sync is measured against: the same pages downloaded and parsed, and for a first sync put into SQLite.
import { rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { Pool } from 'undici';
import { serveJobs } from './worker.ts';

const [baseUrl = '', token = '', file = '', concurrency = '1'] = process.argv.slice(2);
const base = new URL(baseUrl);
const pool = new Pool(base.origin, { connections: Number(concurrency) });

async function getPage(
  kind: string,
  start: number,
): Promise<{ totalResults: number; Resources: { id: string }[] }> {
  const { body } = await pool.request({
    method: 'GET',
    path: `${base.pathname}/${kind}?startIndex=${start}&count=1000`,
    headers: { authorization: `Bearer ${token}`, accept: 'application/scim+json, application/json' },
  });
  return JSON.parse(await body.text()) as { totalResults: number; Resources: { id: string }[] };
}

async function download(take: (kind: string, resources: readonly { id: string }[]) => void): Promise<void> {
  for (const kind of ['Users', 'Groups']) {
    const first = await getPage(kind, 1);
    take(kind, first.Resources);
    const starts: number[] = [];
    for (let start = first.Resources.length + 1; start <= first.totalResults; start += 1000)
      starts.push(start);
    const work = async (): Promise<void> => {
      for (let start = starts.shift(); start !== undefined; start = starts.shift()) {
        take(kind, (await getPage(kind, start)).Resources);
      }
    };
    await Promise.all(Array.from({ length: Number(concurrency) }, work));
  }
}

async function time(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

await serveJobs({
  parse: () => time(() => download(() => {})),
  store: () =>
    time(async () => {
      for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
      const database = new Database(file);
      database.pragma('journal_mode = WAL');
      database.pragma('synchronous = NORMAL');
      database.exec('CREATE TABLE record (id TEXT PRIMARY KEY, body TEXT)');
      const insert = database.prepare('INSERT INTO record VALUES (?, ?)');
      database.exec('BEGIN');
      await download((_, resources) => {
        for (const resource of resources) insert.run(resource.id, JSON.stringify(resource));
      });
      database.exec('COMMIT');
      database.close();
    }),
});
await pool.close();
