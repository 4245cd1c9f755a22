// Storm and calm, over and over: random changes and random faults at once, then the oracles.
import { rmSync, mkdtempSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isAgreed, type SyncReport } from '../../src/agent/reconcile/sync-report.ts';
import { startTestbed } from '../../src/testbed/service.ts';
import { DOMAINS, makeCompany, SUDO_GROUP, writeConfig } from './company.ts';
import { makeRng } from './rng.ts';
import { makeLoginRoot, type LoginRoot } from '../support/nodes/login-root/login-root.ts';
import { listNodeFaults } from './node-faults.ts';
import {
  createPastModel,
  findBreaches,
  findDifferences,
  findInside,
  findLockedOut,
  findStranded,
  findUnmanaged,
  findWrongHolders,
  readHolders,
  remember,
} from './oracle.ts';
import { findEventFaults } from './event-oracle.ts';
import { blockOne, grantOne } from './operator.ts';
import { chooseNuisance, chooseStoreFault } from './store-faults.ts';
import { findAfterTwoPolls } from './two-polls.ts';
import { findHarvest, makeStrange } from './strange-nodes.ts';
import { findToolDifferences } from './tool-oracle.ts';
import { readReferenceModel, type ModelPerson, type ReferenceModel } from './reference-model.ts';

export interface Figures {
  rounds: number;
  syncs: number;
  changes: number;
  storeFaults: number;
  approvals: number;
  blocks: number;
  grants: number;
  /** Revocations under a lasting nuisance of the store. */
  timed: number;
  /** How often others did something to a node before a user of the store came there. */
  strange: number;
  /** How often each nodeFault befell a node. */
  readonly nodeFaults: Record<string, number>;
}

/** An oracle spoke: what it found, and all that was done since the last calm. */
export class CampaignFailure extends Error {
  constructor(where: string, findings: readonly string[], log: readonly string[]) {
    super(`${where}:\n- ${findings.join('\n- ')}\nwhat was done since the last calm:\n  ${log.join('\n  ')}`);
    this.name = 'CampaignFailure';
  }
}

const CALM_SYNCS = 8;

/** After these a node may not know which groups it once made; a group that it cannot recognise as managed it must not touch. */
const FORGETFUL = new Set(['damaged state', 'lost state', 'replayed state']);

/** Those of the first who are in with the same keys among the second. @param which `listed`: those of others too. */
function keepUnchanged(
  people: readonly ModelPerson[],
  others: Iterable<ModelPerson>,
  which: 'keys' | 'listed' = 'keys',
): ModelPerson[] {
  const byId = new Map([...others].map((person) => [person.id, person]));
  return people.filter((person) => {
    const other = byId.get(person.id);
    return other?.isIn === true && other[which].join() === person[which].join();
  });
}

/**
 * Runs rounds until the time or their number is over.
 * @param span `until`: epoch milliseconds; a caller with less time makes it earlier.
 * @param onRound called after each round with the figures so far.
 * @throws CampaignFailure
 */
export async function runCampaign(
  seed: number,
  rounds: number,
  span: { readonly until: number },
  onRound: (figures: Figures) => void,
): Promise<Figures> {
  const rng = makeRng(seed);
  const directory = mkdtempSync(path.join(tmpdir(), 'campaign-'));
  chmodSync(directory, 0o755);
  const testbed = await startTestbed({ maxPageSize: 9, defaultPageSize: 9 });
  const admin = async (method: string, what: string, body?: unknown): Promise<void> => {
    const response = await fetch(testbed.adminUrl + what, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${what}: ${await response.text()}`);
  };
  const company = makeCompany(rng, testbed);
  const { nodeFaults } = listNodeFaults();
  const nodes = ['one', 'two'].map((name) =>
    makeLoginRoot(name, directory, writeConfig(testbed.baseUrl), testbed.readToken),
  );
  const past = createPastModel();
  const ledgers = new Map(
    nodes.map((node) => [
      node,
      { lastSync: 0, isLost: false, isDoubtful: false, stranded: new Set<string>() },
    ]),
  );
  const figures: Figures = {
    rounds: 0,
    syncs: 0,
    changes: 0,
    storeFaults: 0,
    approvals: 0,
    blocks: 0,
    grants: 0,
    timed: 0,
    strange: 0,
    nodeFaults: {},
  };
  /** Who had access when a node's state database was saved: an old copy that comes back knows no more. */
  const asSaved = new Map<LoginRoot, readonly ModelPerson[]>();
  let log: string[] = [];
  let steady: ModelPerson[] = [];
  /** As `steady`, where another who lists the same key makes no difference. */
  let present: ModelPerson[] = [];
  /** The SCIM id of the person that a node served each key in the last calm. */
  const held = new Map<LoginRoot, ReadonlyMap<string, string>>();
  /** In any calm. */
  const everHeld = new Map(nodes.map((node) => [node, new Map<string, Set<string>>()]));
  /** Names of the people that an operator blocked since the last calm, on any node. */
  const blocked = new Set<string>();
  /** Names of the people who had sudo at the store at any time since the last calm, when a node was as the store is. */
  const admins = new Set<string>();

  async function pushChanges(): Promise<ReferenceModel> {
    await admin('DELETE', '/faults');
    await company.push();
    const model = await readReferenceModel(testbed);
    remember(past, model);
    noteAdmins(model);
    noteUnchanged(model);
    return model;
  }

  function noteUnchanged({ people }: ReferenceModel): void {
    steady = keepUnchanged(steady, people.values());
    present = keepUnchanged(present, people.values(), 'listed');
  }

  function noteAdmins({ groups }: ReferenceModel): void {
    for (const name of groups.find((group) => group.name === SUDO_GROUP)?.members ?? []) admins.add(name);
  }

  function demand(node: LoginRoot, findings: readonly string[]): void {
    if (findings.length > 0)
      throw new CampaignFailure(`round ${figures.rounds + 1}, node ${node.name}`, findings, log);
  }

  async function storm(): Promise<void> {
    for (const node of nodes) {
      node.isResident = rng.chance(0.5);
      if (!node.isResident) await node.stopResident();
    }
    for (let turns = 1 + rng.below(3); turns > 0; turns -= 1) {
      const changes = company.change();
      log.push(...changes);
      figures.changes += changes.length;
      const model = await pushChanges();
      if (rng.chance(0.3)) operate(model);
      const faults = rng.below(3);
      for (let n = 0; n < faults; n += 1) {
        const fault = chooseStoreFault(rng, listAddresses());
        log.push(`the store: ${JSON.stringify(fault)}`);
        await admin('POST', '/faults', fault);
        figures.storeFaults += 1;
      }
      for (const node of nodes) await befall(node, model, faults === 0);
    }
  }

  /** An operator blocks a person on one node, or grants sudo for a while. */
  function operate(model: ReferenceModel): void {
    const node = rng.pick(nodes);
    const known = [...model.people.values()].filter(({ name }) =>
      node.lines('passwd').some((line) => line.startsWith(`${name}:`) && line.endsWith(':/bin/bash')),
    );
    if (known.length === 0) return;
    const person = rng.pick(known);
    const domain = company.domainOf(person.name);
    const isKnown = ledgers.get(node)?.isDoubtful === false;
    const isBlock = rng.chance(0.5);
    const { word, findings } = isBlock
      ? blockOne(node, person, domain, isKnown, rng)
      : grantOne(node, person, { domain, isKnown, isAdmin: admins.has(person.name) }, rng);
    figures[isBlock ? 'blocks' : 'grants'] += 1;
    if (isBlock) blocked.add(person.name);
    log.push(
      `node ${node.name}: an operator ${isBlock ? 'blocks and unblocks' : 'grants sudo and ends it for'} ${word}`,
    );
    demand(node, findings);
  }

  /** After a calm: a person is disabled while the store has a nuisance, and two polls of each node must do. */
  async function timeRevocation(model: ReferenceModel): Promise<void> {
    const nuisance = chooseNuisance(rng, listAddresses());
    log.push(`the store: ${JSON.stringify(nuisance)}`);
    await admin('POST', '/faults', nuisance);
    if (nuisance['kind'] === 'standing') {
      // It is noticed by a full read that brings what no delta would have.
      log.push(...company.change());
      await company.push();
      for (const node of nodes) await node.startSync().over;
      // What the nodes have now, the store did list; the storm may take it back.
      await admin('DELETE', '/faults');
      const listed = await readReferenceModel(testbed);
      remember(past, listed);
      noteAdmins(listed);
      noteUnchanged(listed);
      await admin('POST', '/faults', nuisance);
    }
    const address = company.revoke();
    if (address === null || nuisance['who'] === address) return;
    log.push(`${address} is disabled`);
    await company.push();
    const [name = ''] = address.split('@');
    const isManaged = [...model.people.values()].some((person) => person.name === name && person.isIn);
    for (const node of isManaged ? nodes : []) demand(node, await findAfterTwoPolls(node, name));
    if (isManaged) figures.timed += 1;
    // The storm may enable them again: they did not have access all the time.
    const isAnother = (person: ModelPerson): boolean => person.name !== name;
    steady = steady.filter(isAnother);
    present = present.filter(isAnother);
  }

  const listAddresses = (): string[] => [...past.people.values()].map(({ name }) => `${name}@${DOMAINS[0]}`);

  /** @param isStoreWell whether no fault keeps a sync from fetching the whole store. */
  async function befall(node: LoginRoot, model: ReferenceModel, isStoreWell: boolean): Promise<void> {
    const name = rng.chance(0.3) ? 'nothing' : rng.pick([...nodeFaults.keys()]);
    figures.nodeFaults[name] = (figures.nodeFaults[name] ?? 0) + 1;
    if (rng.chance(0.3)) {
      figures.strange += 1;
      log.push(`node ${node.name}: ${await makeStrange(node, past, rng)}`);
    }
    log.push(`node ${node.name}: ${name}`);
    const { status, signal, stderr, report } = (await nodeFaults.get(name)?.(node, rng)) ?? {};
    figures.syncs += 1;
    watchLedger(node, model, report ?? null, name);
    log.push(
      `  ended with ${signal ?? status}${stderr === '' ? '' : `: ${stderr?.trim().split('\n').at(-1)?.slice(0, 300)}`}`,
    );
    demand(node, isDefect(status, report ?? null, stderr) ? [`a defect came to light: ${stderr}`] : []);
    demand(node, [...findBreaches(node, past), ...findHarvest(node)]);
    const isShorn = name === 'lost /etc' || log.includes(`node ${node.name}: lost /etc`);
    const isReplayed = log.includes(`node ${node.name}: replayed state`);
    const known = isReplayed ? keepUnchanged(steady, asSaved.get(node) ?? steady) : steady;
    if (!isShorn) demand(node, findLockedOut(node, known));
    if (isStoreWell && name !== 'clock off' && isAllWell(report ?? null))
      demand(node, findInside(node, past, ledgers.get(node)?.stranded ?? new Set()));
  }

  /**
   * What left the store while a node's ledger was lost is foreign to it, until the next calm. Damage may be found rounds
   * after it was done: then the syncs are counted anew.
   */
  function watchLedger(
    node: LoginRoot,
    model: ReferenceModel,
    report: SyncReport | null,
    nodeFault = '',
  ): void {
    const ledger = ledgers.get(node);
    if (ledger === undefined) return;
    if (FORGETFUL.has(nodeFault) || (report !== null && report.n <= ledger.lastSync))
      ledger.isLost = ledger.isDoubtful = true;
    ledger.lastSync = report?.n ?? ledger.lastSync;
    if (!ledger.isLost) return;
    for (const name of findStranded(node, model, past)) ledger.stranded.add(name);
    for (const name of findUnmanaged(node, model, past)) ledger.stranded.add(name);
  }

  /** Syncs without disturbance, with what is held approved, until nothing is left to do. */
  async function settle(node: LoginRoot, model: ReferenceModel): Promise<string> {
    for (let sync = 1; sync <= CALM_SYNCS; sync += 1) {
      const { report, stderr, status } = await node.startSync().over;
      figures.syncs += 1;
      watchLedger(node, model, report);
      if (report === null) {
        demand(node, [`in the calm a sync failed with ${status}: ${stderr}`]);
        continue;
      }
      for (const { hash } of report.held) node.approve(hash);
      figures.approvals += report.held.length;
      if (report.failure === null && report.changes.planned === 0 && report.held.length === 0)
        return report.snapshot;
      log.push(
        `calm ${node.name}: ${JSON.stringify({ changes: report.changes, failure: report.failure, held: report.held, problems: report.problems })}`,
      );
    }
    throw new CampaignFailure(
      `round ${figures.rounds + 1}, node ${node.name}`,
      ['does not come to rest'],
      log,
    );
  }

  /** Who held which key and must keep it: not on a node that lost its ledger or its accounts meanwhile. */
  function listHeld(node: LoginRoot): Map<string, string> {
    const losses = [...FORGETFUL, 'lost /etc'].map((fault) => `node ${node.name}: ${fault}`);
    if (losses.some((line) => log.includes(line))) return new Map();
    const ids = new Set(present.flatMap(({ id, name }) => (blocked.has(name) ? [] : [id])));
    return new Map([...(held.get(node) ?? [])].filter(([, id]) => ids.has(id)));
  }

  async function calm(): Promise<void> {
    const model = await pushChanges();
    const snapshots: string[] = [];
    for (const node of nodes) {
      snapshots.push(await settle(node, model));
      const ledger = ledgers.get(node);
      demand(node, findEventFaults(node));
      demand(node, findDifferences(node, model, past, ledger?.stranded ?? new Set(), Date.now() / 1000));
      const ever = everHeld.get(node) ?? new Map<string, Set<string>>();
      demand(node, findWrongHolders(node, model, { before: listHeld(node), ever }));
      held.set(node, readHolders(node, model));
      for (const [key, id] of held.get(node) ?? []) ever.set(key, (ever.get(key) ?? new Set()).add(id));
      demand(node, findToolDifferences(node, model));
      if (ledger !== undefined) ledger.isLost = false;
      if (rng.chance(0.3)) {
        node.saveState();
        asSaved.set(node, [...model.people.values()]);
      }
    }
    if (new Set(snapshots).size !== 1)
      throw new CampaignFailure(
        `round ${figures.rounds + 1}`,
        [`the nodes' snapshots differ: ${snapshots.join(' and ')}`],
        log,
      );
    steady = present = [...model.people.values()].filter(({ isIn }) => isIn);
    blocked.clear();
    admins.clear();
    noteAdmins(model);
    log = [];
  }

  try {
    await calm();
    while (figures.rounds < rounds && Date.now() < span.until) {
      if (rng.chance(0.5)) {
        const model = await pushChanges();
        await timeRevocation(model);
      }
      await storm();
      await calm();
      figures.rounds += 1;
      onRound(figures);
    }
    return figures;
  } finally {
    for (const node of nodes) {
      await node.stopResident();
      node.remove();
    }
    await testbed.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Whether a sync reports a complete fetch and every change done, but for key files: no fault then delayed a revocation,
 * since the helper gives no key to a denied name.
 */
function isAllWell(report: SyncReport | null): boolean {
  if (report === null || report.fetched === null) return false;
  const { changes, problems } = report;
  const isFixed = problems.every((problem) => /^keys-(?:write|remove) /.test(problem));
  return isFixed && isAgreed({ ...report, changes: { ...changes, failed: 0 } });
}

/** What no fault excuses: an unforeseen error, or an end without a report. */
function isDefect(status: number | null | undefined, report: SyncReport | null, stderr = ''): boolean {
  return status === 70 || (status === 1 && report === null) || stderr.includes('this is a defect');
}
