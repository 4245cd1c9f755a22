// What `sunk-agent import` shows: each account as the same, different at the store, or not at the store.
import { sayCount } from '../../common/text/count-noun.ts';
import { makePrintable } from '../../common/text/printable.ts';
import type { InheritedRow } from '../../policy/inherited/inherited.ts';
import type { Takeover } from '../../policy/identity/takeover.ts';

/** What a binding keeps although the store has it otherwise. */
export interface KeptUid {
  readonly scimId: string;
  readonly name: string;
  /** As it stays. */
  readonly uid: number;
  readonly storeUid: number;
}

export interface ImportPlan extends Takeover {
  readonly kept: readonly KeptUid[];
  /** Accounts and groups that are decided now. */
  readonly decided: readonly InheritedRow[];
  /** The group and sshkey files that are not beside FILE. */
  readonly absent: readonly { readonly map: 'group' | 'sshkey'; readonly file: string }[];
}

const SHOWN = 20;

const FATE_TEXTS: Readonly<Record<InheritedRow['fate'], string>> = {
  undecided: 'stays as it is',
  keep: 'is published as before',
  retire: 'is disabled, and removed once accounts.retention is over',
  drop: 'is no longer published',
};

const HINTS: ReadonlyMap<string, string> = new Map([
  ['uid-differs', ' (--keep-uids keeps the uid of FILE)'],
  ['gid-differs', ' (--keep-uids keeps the gid of FILE)'],
  ['home-differs', ' (--keep-uids keeps the home of FILE)'],
]);

/** The plan as text. */
export function describeImport(plan: ImportPlan, isApplied: boolean): string {
  const { bindings, refused, unmatched, decided, kept } = plan;
  const keptUids = new Map(kept.map((one) => [one.scimId, one]));
  const accounts = decided.filter(({ kind, fate }) => kind === 'account' && fate !== 'undecided');
  const names = new Set(accounts.map(({ name }) => name));
  const left = unmatched.filter((name) => !names.has(name));
  const lines = [
    ...bindings.map(({ name, id, gid, home, scimId }) => {
      const differing = keptUids.get(scimId);
      const said =
        differing === undefined ? '' : `, and has the uid ${differing.storeUid} there; this one is kept`;
      return `  + account ${name}: uid ${id}, gid ${gid ?? ''}, ${home ?? ''}  (is ${scimId} at the store${said})`;
    }),
    ...refused.map((one) => `  ! account ${one.name} refused: ${one.detail}${HINTS.get(one.code) ?? ''}`),
    ...accounts.map(
      ({ name, id, fate }) =>
        `  ~ account ${name}: uid ${id}, is not at the store: ${fate}, it ${FATE_TEXTS[fate]}`,
    ),
    ...describeGroups(decided),
    ...describeAbsent(plan),
    ...describeLeft(left),
    summarise(plan, left.length, isApplied),
    ...(isApplied || !hasWork(plan) ? [] : ['--apply does it']),
  ];
  return lines.map((line) => `${makePrintable(line, 400)}\n`).join('');
}

/** Whether `--apply` would change anything. */
export function hasWork({ bindings, decided }: ImportPlan): boolean {
  return bindings.length > 0 || decided.some(({ fate }) => fate !== 'undecided');
}

function describeGroups(decided: readonly InheritedRow[]): string[] {
  const groups = decided.filter(({ kind }) => kind === 'group');
  return (['keep', 'drop'] as const).flatMap((fate) => {
    const names = groups.flatMap((group) => (group.fate === fate ? [group.name] : []));
    if (names.length === 0) return [];
    const verb = fate === 'keep' ? 'are published as before' : 'are no longer published';
    return [`  ~ groups that ${verb}: ${listNames(names)}`];
  });
}

/** What stays is published with what FILE and the files beside it have, and with nothing else. */
function describeAbsent({ decided, absent }: ImportPlan): string[] {
  const stays = decided.filter(
    ({ kind, fate }) => kind === 'account' && (fate === 'keep' || fate === 'undecided'),
  );
  if (stays.length === 0) return [];
  const what = { group: 'without groups of their own', sshkey: 'without keys' };
  return absent.map(
    ({ map, file }) =>
      `  ! ${file} is not beside FILE: ${sayCount(stays.length, 'account')} would be published ${what[map]}; copy it there first`,
  );
}

function describeLeft(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  return [
    `  unchanged, no user of the store has the name: ${listNames(names)}`,
    '  such an account is published as before; decide with --unknown keep, --unknown retire or --unknown drop',
  ];
}

function listNames(names: readonly string[]): string {
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  return `${names.slice(0, SHOWN).join(', ')}${more}`;
}

function summarise(
  { bindings, refused, known, kept, decided }: ImportPlan,
  left: number,
  isApplied: boolean,
): string {
  const count = (fate: InheritedRow['fate']): number =>
    decided.filter((row) => row.kind === 'account' && row.fate === fate).length;
  const differing = refused.filter(({ code }) => code === 'uid-differs').length;
  const parts = [
    `${bindings.length} ${isApplied ? 'taken over' : 'to take over'}${kept.length === 0 ? '' : ` (${kept.length} with another uid at the store)`}`,
    `${refused.length} refused${differing === 0 ? '' : ` (${differing} for another uid at the store)`}`,
    `${known.length} in the ledger already`,
    ...(['keep', 'retire', 'drop'] as const).flatMap((fate) =>
      count(fate) === 0 ? [] : [`${sayCount(count(fate), 'account')} to ${fate}`],
    ),
    `${left} unchanged`,
  ];
  return parts.join(', ');
}
