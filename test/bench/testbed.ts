// How long the bundled service takes with a hundred thousand users: a page of a thousand, and one user by name.
import { Pool } from 'undici';
import { makeRow, type Row } from './row.ts';
import { startLargeStore } from './store-process.ts';

const PAGES = 100;
const LOOK_UPS = 500;

export async function benchTestbed(): Promise<Row[]> {
  const store = await startLargeStore(100_000, 1000);
  try {
    const pool = new Pool(new URL(store.baseUrl).origin, { connections: 1 });
    const rows = await measure(pool, new URL(store.baseUrl).pathname, store.token);
    await pool.close();
    return rows;
  } finally {
    await store.stop();
  }
}

async function measure(pool: Pool, base: string, token: string): Promise<Row[]> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' };
  const send = async (method: 'GET' | 'PATCH', target: string, sent?: object): Promise<string> => {
    const { statusCode, body } = await pool.request({
      method,
      path: base + target,
      headers,
      ...(sent === undefined ? {} : { body: JSON.stringify(sent) }),
    });
    const text = await body.text();
    if (statusCode >= 300) throw new Error(`${method} ${target}: ${statusCode} ${text}`);
    return text;
  };
  const getPage = (turn: number): Promise<string> =>
    send('GET', `/Users?startIndex=${turn * 1000 + 1}&count=1000`);
  const getByName = (turn: number): Promise<string> => {
    const name = `user${String(turn * 199 + 1).padStart(6, '0')}@example.com`;
    return send('GET', `/Users?filter=userName+eq+%22${name}%22`);
  };

  const { Resources } = JSON.parse(await getByName(0)) as { Resources: { id: string }[] };
  const change = async (turn: number): Promise<void> => {
    const operation = { op: 'Replace', path: 'title', value: `title ${turn}` };
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp'];
    await send('PATCH', `/Users/${Resources[0]?.id ?? ''}`, { schemas, Operations: [operation] });
  };

  return [
    row('page-first-time-100k', 60, await time(PAGES, getPage)),
    row('page-again-100k', 60, await time(PAGES, getPage)),
    row('page-after-a-change-100k', 60, await time(PAGES, getPage, change)),
    row('username-eq-100k', 5, await time(LOOK_UPS, getByName)),
  ];
}

/** Milliseconds from the request to the last byte, of which 95 in 100 took no more. */
async function time(
  turns: number,
  ask: (turn: number) => Promise<string>,
  before: (turn: number) => Promise<void> = async () => {},
): Promise<number> {
  const taken: number[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    await before(turn);
    const started = performance.now();
    await ask(turn);
    taken.push(performance.now() - started);
  }
  return taken.toSorted((one, other) => one - other)[Math.ceil(turns * 0.95) - 1] ?? Number.NaN;
}

function row(name: string, goal: number, measured: number): Row {
  return makeRow({ bench: 'testbed', row: name, unit: 'ms, p95', measured, reference: null, goal });
}
