// Takes the blocks that operators put on the volume while the publisher was away into the block list, once each.
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { SIGNATURE_START } from '../../publish/manifest.ts';
import { BLOCK_NAMESPACE, type OfflineBlock, parseBlock, parseUnblock } from '../../publish/offline-block.ts';
import { isSignedBy } from '../../publish/signature.ts';
import { digest, readBlockText, readRoot } from '../../publish/volume.ts';
import { replaceFiles } from '../../host/fs/atomic-file.ts';
import type { Binding } from '../../policy/model.ts';
import type { NodeContext } from '../node-context.ts';
import { addBlock, findRemark, readBlocks, removeEntry } from '../overrides/operator-files.ts';

/** The list on the volume is not signed: no call verifies more; the next call continues. */
const MAX_NEW = 32;

type Node = Pick<NodeContext, 'config' | 'paths'>;

const rowSchema = z.object({
  /** What the block list says for it; null: nothing was added. */
  word: z.string().nullable(),
  name: z.string(),
  uid: z.number(),
  /** Epoch seconds. */
  until: z.number(),
  /** adopted: on the block list. decided: and once revoked here, so that generations tell. none: not signed, over, or taken back. */
  state: z.enum(['adopted', 'decided', 'none']),
});
const memorySchema = z.object({
  /** Which list of operators it was judged by. */
  operators: z.string(),
  blocks: z.record(z.string(), rowSchema),
});
type Row = z.infer<typeof rowSchema>;
type Memory = z.infer<typeof memorySchema>;

const NONE: Row = { word: null, name: '', uid: 0, until: 0, state: 'none' };

/** A block that was taken into the block list, or taken back, for log and audit trail. */
export interface AdoptedBlock extends OfflineBlock {
  readonly scimId: string | null;
  readonly isTakenBack: boolean;
}

/**
 * What is new on the volume, if an operator of /etc/sunk-agent/operators signed it. A block of a person ends when its
 * signer said, and a longer one on the list stays.
 * @param now epoch seconds.
 * @throws AgentError host_write: the list cannot be written; the next call tries again.
 */
export function adoptBlocks(node: Node, bindings: readonly Binding[], now: number): AdoptedBlock[] {
  const { paths, config } = node;
  const volume = path.join(paths.root, config.publish.directory);
  const names = readRoot(volume)?.blocks ?? [];
  const operators = path.join(paths.configDirectory, 'operators');
  const before = readMemory(paths.offlineBlocks);
  if (names.length === 0 && Object.keys(before.blocks).length === 0) return [];
  const stamp = stampOf(operators);
  // What was refused by another list is read again.
  const isSame = before.operators === stamp;
  const known = new Map(
    Object.entries(before.blocks).filter(([, row]) => (row.state === 'none' ? isSame : row.until > now)),
  );
  const allowed = existsSync(operators) ? readFileSync(operators, 'latin1') : '';
  const texts = names
    .filter((name) => !known.has(name))
    .slice(0, MAX_NEW)
    .map((name) => [name, readSigned(volume, name, allowed, paths.run)] as const);
  const acts: AdoptedBlock[] = [];
  const lifted = new Set(texts.map(([, text]) => (text === null ? null : parseUnblock(text))));
  for (const [name, row] of known) {
    if (!lifted.has(name) || row.word === null) continue;
    // Not a line that an operator wrote since.
    const isAdopted = findRemark(paths.blocked, row.word, true)?.endsWith(remarkOf(name)) === true;
    if (isAdopted) removeEntry(paths.blocked, row.word);
    known.set(name, { ...row, word: null, state: 'decided' });
    if (isAdopted) acts.push({ ...toBlock(row), scimId: row.word, isTakenBack: true });
  }
  for (const [name, text] of texts) {
    const block = text === null ? null : parseBlock(text);
    if (block === null || block.until <= now || lifted.has(name)) {
      known.set(name, NONE);
      continue;
    }
    const bound = bindings.find(
      ({ kind, id, name: own }) => kind === 'account' && id === block.uid && own === block.name,
    );
    const word = bound?.scimId ?? block.name;
    const isAdded = !readBlocks(paths.blocked).some(
      (one) => one.word === word && (one.until === null || one.until >= block.until),
    );
    if (isAdded) addBlock(paths.blocked, { word, name: block.name, until: block.until }, remarkOf(name));
    known.set(name, { ...block, word: isAdded ? word : null, state: 'adopted' });
    acts.push({ ...block, scimId: bound?.scimId ?? null, isTakenBack: false });
  }
  // What left the volume and was none is forgotten, so that strangers cannot make this file long.
  const rows = [...known].filter(([name, row]) => row.state !== 'none' || names.includes(name));
  remember(paths.offlineBlocks, { operators: stamp, blocks: Object.fromEntries(rows) });
  return acts;
}

const remarkOf = (hash: string): string => `signed by an operator, ${hash.slice(0, 12)}`;
const toBlock = ({ name, uid, until }: OfflineBlock): OfflineBlock => ({ name, uid, until });

/** After a restore: blocks that the last generation had decided. @param until epoch seconds; no block lasts longer. */
export function rememberDecided(
  { paths }: Pick<Node, 'paths'>,
  hashes: readonly string[],
  until: number,
): void {
  const rows = hashes.map((hash): [string, Row] => [hash, { ...NONE, until, state: 'decided' }]);
  const memory = readMemory(paths.offlineBlocks);
  remember(paths.offlineBlocks, { ...memory, blocks: { ...memory.blocks, ...Object.fromEntries(rows) } });
}

/**
 * Hashes of the blocks that the state of this node has: once it was without access, whatever an operator decided since.
 * @param hasAccess whether that account has a way in now.
 */
export function listDecidedBlocks(
  { paths }: Pick<Node, 'paths'>,
  hasAccess: (name: string, uid: number) => boolean,
): string[] {
  const memory = readMemory(paths.offlineBlocks);
  const rows = Object.entries(memory.blocks).map(([hash, row]): [string, Row] =>
    row.state === 'adopted' && !hasAccess(row.name, row.uid)
      ? [hash, { ...row, state: 'decided' }]
      : [hash, row],
  );
  const after = Object.fromEntries(rows);
  if (JSON.stringify(after) !== JSON.stringify(memory.blocks))
    remember(paths.offlineBlocks, { ...memory, blocks: after });
  return rows.flatMap(([hash, { state }]) => (state === 'decided' ? [hash] : []));
}

/** The whole text, if its name is its hash and an operator signed it; null: not. */
function readSigned(volume: string, name: string, allowed: string, scratch: string): string | null {
  const signed = readBlockText(volume, name);
  if (signed === null || digest(signed) !== name) return null;
  const at = signed.indexOf(SIGNATURE_START);
  if (at === -1 || allowed === '') return null;
  const parts = { text: signed.slice(0, at), signature: signed.slice(at) };
  return isSignedBy({ allowed, principal: 'operator', namespace: BLOCK_NAMESPACE }, parts, scratch)
    ? signed
    : null;
}

function stampOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined ? '' : `${found.mtimeMs} ${found.size} ${found.ino}`;
}

function readMemory(file: string): Memory {
  try {
    return memorySchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // None yet, or damaged: blocks that are still on the volume are taken again, which revokes and restores nothing else.
    return { operators: '', blocks: {} };
  }
}

function remember(file: string, memory: Memory): void {
  replaceFiles([{ file, data: JSON.stringify(memory), encoding: 'utf8', mode: 0o600 }]);
}
