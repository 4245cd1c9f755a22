// The chain for programs: the documented shape of `why --json`.
import type { Chain } from './chain.ts';
import type { Facts } from './facts.ts';
import { sayVerdict } from './print.ts';
import type { Link, LinkLevel } from './verdict.ts';

/** A new number for any change that is not an addition. */
const SCHEMA_VERSION = 2;

/** Schema 1 had `broken` for `error`. */
const STATES: Readonly<Record<LinkLevel, string>> = {
  ok: 'ok',
  error: 'broken',
  warning: 'warning',
  unknown: 'unknown',
};

/** Fields of schema 1 (`version`, and in a link `state`, `says`, `mend`, `who`) stay for one release. */
export function renderChain(facts: Facts, chain: Chain): object {
  const { mayLogIn, cause, links } = chain;
  const person = facts.person.ok ? facts.person.value : null;
  return {
    schema_version: SCHEMA_VERSION,
    version: 1,
    question: facts.question,
    name: facts.name,
    scimId: person?.record.id ?? null,
    userName: person?.record.userName ?? null,
    mayLogIn,
    verdict: sayVerdict(facts, chain),
    cause: cause?.link ?? null,
    links: links.map(renderLink),
    used: facts.used?.ok === true ? facts.used.value : null,
  };
}

function renderLink({ link, level, code, detail, owner, howToFix }: Link): object {
  return {
    link,
    level,
    code,
    detail,
    owner,
    howToFix,
    state: STATES[level],
    says: detail,
    who: owner,
    mend: howToFix,
  };
}
