// What an administrator must know without looking for it: each with its way out.
import type { Workspace } from '../../workspace.ts';
import { describeCertificates } from '../certificates.ts';
import { nameOf, textOf } from '../people.ts';
import type { Entry } from '../../protocol/resources/collection.ts';
import { COREWEAVE_USER_SCHEMA } from '../../protocol/discovery/schemas.ts';
import { findKeyFaults, type KeyFaults } from './key-faults.ts';

export interface Alarm {
  readonly tone: 'refused' | 'warning';
  readonly words: string;
  readonly fix: string;
  /** Path below the console. */
  readonly page: string;
}

/** Milliseconds that a page may spend on judging keys. */
const BUDGET = 50;
/** Milliseconds for which failed pushes count. */
const RECENT = 10 * 60_000;

/** @param now epoch milliseconds. */
export function listAlarms(workspace: Workspace, now: number): readonly Alarm[] {
  return [
    ...leaks(workspace),
    ...certificates(workspace, now),
    ...candidate(workspace),
    ...keyFaults(workspace),
    ...failures(workspace, now),
  ];
}

function leaks({ organisation }: Workspace): readonly Alarm[] {
  const users = [...organisation.leaks().keys()].flatMap((id) => organisation.users.get(id) ?? []);
  if (users.length === 0) return [];
  return [
    {
      tone: 'refused',
      words: `A private key was pushed for ${list(users)}. It was not stored, but the pair is compromised.`,
      fix: 'Make a new pair, and replace the private key in the identity provider by the line of the .pub file.',
      page: pageOf(users),
    },
  ];
}

function certificates({ sso }: Workspace, now: number): readonly Alarm[] {
  const state = sso.state();
  if (state === null) return [];
  const bad = describeCertificates(state.provider, now).filter((one) => !one.isGood);
  const isLast = bad.length === state.provider.certificates.length;
  return bad.map(({ state: kind, words }) => ({
    tone: kind === 'expired' && isLast ? ('refused' as const) : ('warning' as const),
    words: `A signing certificate of the identity provider ${words}.`,
    fix: 'Create a new certificate there and activate it. The Metadata URL brings it here: choose Next on SAML SSO, or let the next sign-in fetch it.',
    page: '/saml-sso',
  }));
}

function candidate({ sso }: Workspace): readonly Alarm[] {
  const candidate = sso.state()?.candidate ?? null;
  if (candidate === null) return [];
  return [
    {
      tone: 'warning',
      words: `Another identity provider was entered and is not deployed: ${candidate.provider.entityId}.`,
      fix: 'Test it, then choose Deploy SSO; or discard it.',
      page: '/saml-sso',
    },
  ];
}

function keyFaults(workspace: Workspace): readonly Alarm[] {
  const faults = findKeyFaults(workspace, BUDGET);
  const rest = faults.left === 0 ? '' : ` ${faults.left} users are not checked yet.`;
  return [
    ...[...faults.misplaced].slice(0, 5).map(([attribute, users]) => ({
      tone: 'refused' as const,
      words: `An SSH key was pushed into ${attribute}, for ${list(users)}.${rest} Login nodes do not look there.`,
      fix: `Correct the target attribute of the mapping: ${COREWEAVE_USER_SCHEMA}:sunkSshKeys.`,
      page: pageOf(users),
    })),
    ...shared(faults.shared, rest),
    ...refused(faults.refused, rest),
  ];
}

function shared(found: KeyFaults['shared'], rest: string): readonly Alarm[] {
  const [first] = found;
  if (first === undefined) return [];
  const more = found.length === 1 ? '' : ` ${found.length - 1} more keys are shared.`;
  return [
    {
      tone: 'warning',
      words: `One key belongs to ${first.length} users: ${list(first)}.${more}${rest} Login nodes accept it for one of them only.`,
      fix: 'Give each user a key of their own.',
      page: pageOf(first),
    },
  ];
}

function refused(users: readonly Entry[], rest: string): readonly Alarm[] {
  if (users.length === 0) return [];
  return [
    {
      tone: 'warning',
      words: `Login nodes refuse a key of ${list(users)}.${rest}`,
      fix: 'The page of the user has the reason for each key.',
      page: pageOf(users),
    },
  ];
}

function failures({ log }: Workspace, now: number): readonly Alarm[] {
  const recent = log
    .list({ isFailed: true })
    .filter(({ at, role }) => role !== 'read-only' && now - Date.parse(at) < RECENT);
  const last = recent.at(-1);
  if (last === undefined) return [];
  return [
    {
      tone: 'warning',
      words: `${recent.length === 1 ? 'One request' : `${recent.length} requests`} of the identity provider failed in the last 10 minutes. The last: ${last.detail ?? last.status}`,
      fix: 'The provisioning log has each request with its answer.',
      page: '/provisioning-log?outcome=failure',
    },
  ];
}

function list(users: readonly Entry[]): string {
  const names = users.slice(0, 3).map((user) => textOf(user.resource, 'userName') || nameOf(user));
  return users.length > 3 ? `${names.join(', ')} and ${users.length - 3} others` : names.join(', ');
}

function pageOf(users: readonly Entry[]): string {
  const [first] = users;
  return users.length === 1 && first !== undefined ? `/users/${first.id}#ssh-keys` : '/users';
}
