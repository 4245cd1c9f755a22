// Whether sshd treats people as it treats the canary, whose login proves nothing else: lists and Match blocks may name them.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Paths } from '../../common/paths.ts';
import { CANARY } from '../../policy/groups/canary.ts';
import { runProgram } from '../probes/run-program.ts';
import { matchesPattern, type SshdSettings } from '../sshd/sshd-findings.ts';
import { askSshd, SSHD_CONFIG } from '../sshd/sshd-program.ts';

/** Number of people that are compared: a rule for one of them says nothing about the node. */
const SAMPLE = 3;

/** What decides whether a login with a key opens a shell. */
const DECISIVE = [
  'authenticationmethods',
  'authorizedkeyscommand',
  'authorizedkeyscommanduser',
  'authorizedkeysfile',
  'chrootdirectory',
  'forcecommand',
  'maxsessions',
  'permittty',
  'pubkeyacceptedalgorithms',
  'pubkeyauthentication',
  'revokedkeys',
] as const;

export interface Treated {
  readonly name: string;
  readonly groups: readonly string[];
  readonly settings: SshdSettings;
}

/** The first few people who have keys here. */
export function sampleKeyOwners({ keys }: Pick<Paths, 'keys'>): string[] {
  return readdirSync(keys)
    .filter((name) => name !== CANARY && !name.startsWith('.'))
    .sort()
    .slice(0, SAMPLE);
}

/** Why a login of the canary says nothing about these people; null: it does. */
export async function findUnlike(
  { root }: Pick<Paths, 'root'>,
  names: readonly string[],
  canary: SshdSettings,
): Promise<string | null> {
  const people: Treated[] = [];
  for (const name of names) {
    const [asked, ids] = [
      await askSshd(path.join(root, SSHD_CONFIG), name),
      await runProgram('id', ['-Gn', '--', name], { timeout: 3000 }),
    ];
    if (!('fault' in asked) && ids.status === 0)
      people.push({ name, groups: ids.stdout.trim().split(/\s+/), settings: asked.settings });
  }
  return judgeLikeness(people, canary);
}

/** Pure. */
export function judgeLikeness(people: readonly Treated[], canary: SshdSettings): string | null {
  const reasons = people.map((person) => findList(person) ?? findSetting(person, canary));
  return reasons.length === 0 || reasons.includes(null) ? null : (reasons[0] ?? null);
}

/** A list that leaves the person out; with an address it is about some connections alone. */
function findList({ name, groups, settings }: Treated): string | null {
  const list = (keyword: string): readonly string[] => settings.get(keyword) ?? [];
  const isUser = (pattern: string): boolean => matchesPattern(pattern, name);
  const isGroup = (pattern: string): boolean => groups.some((group) => matchesPattern(pattern, group));
  if (list('denyusers').some(isUser)) return `DenyUsers of sshd names ${name}`;
  if (list('denygroups').some(isGroup)) return `DenyGroups of sshd names a group of ${name}`;
  const [users, allowed] = [list('allowusers'), list('allowgroups')];
  if (users.length > 0 && !users.some((pattern) => isUser(pattern.split('@')[0] ?? '')))
    return `AllowUsers of sshd does not name ${name}`;
  return allowed.length > 0 && !allowed.some(isGroup)
    ? `AllowGroups of sshd names no group of ${name}`
    : null;
}

function findSetting({ name, settings }: Treated, canary: SshdSettings): string | null {
  const value = (of: SshdSettings, keyword: string): string => of.get(keyword)?.join(' ') ?? 'none';
  const differing = DECISIVE.find((keyword) => value(settings, keyword) !== value(canary, keyword));
  return differing === undefined
    ? null
    : `sshd has ${differing} ${value(settings, differing).slice(0, 100)} for ${name}, and not for ${CANARY}`;
}
