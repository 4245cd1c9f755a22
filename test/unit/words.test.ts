// Holds the field's terms: private words of the past stay out of the code, the tests, the packages and the units.
// Not held, for their honest meaning is too common: image (of a container), memory (of a process), order, goes, comes.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const REPOSITORY = path.resolve(import.meta.dirname, '../..');
const DIRECTORIES = ['src', 'test', 'packaging', 'systemd'] as const;
/** This table must name the words; a drawing has coordinates. */
const SKIPPED = /^test\/unit\/words\.test\.ts$|\.svg$/;

interface Term {
  /** Matched in lower case, with identifiers taken apart: `openBatch` reads `open batch`. */
  readonly today: RegExp;
  /** Matched against the line as it stands. */
  readonly isExact?: true;
  readonly use: string;
  /** What is removed from a line before it is searched: another, honest meaning, or bytes that must stay. */
  readonly except?: readonly RegExp[];
  /** The same for some files alone. */
  readonly exceptIn?: readonly (readonly [files: RegExp, allowed: RegExp])[];
}

/** Where the names of 0.1.0 in status.json and in the metrics are written, read and documented for one release. */
const FIRST_NAMES =
  /^(?:src\/agent\/report\/(?:status|status-names|status-schema|metrics|metric-definitions)\.ts|src\/cli\/inspect\/status\.ts|packaging\/manual\/man-texts\.ts|test\/scenarios\/(?:packaging\/man|upgrade\/upgrade)\.test\.ts|test\/unit\/agent\/report\/(?:status|metrics)\.test\.ts)$/;
/** Where the names of schema 1 of `doctor --json` and `why --json` are written and tested, for one release. */
const FIRST_JSON = /^(?:src\/diagnose|test\/unit\/diagnose)\/(?:doctor|why)\/json(?:\.test)?\.ts$/;
/** Migrations are never edited, not even their comments: SQLite keeps those inside of a statement. */
const MIGRATIONS = /^src\/state\/schema\.ts$/;
/** What asks nscd(8), or says what to do about its caches. */
const NSCD =
  /^src\/(?:host\/(?:README\.md|nss\/(?:nscd|name-service)\.ts)|cli\/inspect\/doctor\.ts|diagnose\/(?:doctor\/fixes|doctor\/check\/check-names|why\/judge\/judge-names)\.ts)$/;
/** Where the stored form of a sync's report is written, read and tested. */
const STORED_REPORT =
  /^(?:src\/state\/syncs\/report-codec\.ts|test\/unit\/state\/(?:syncs\/report-codec|database)\.test\.ts|test\/scenarios\/upgrade\/upgrade\.test\.ts)$/;

/** Written as the normalised line has it. Paths and file names on disk keep their bytes. */
const ON_DISK = [
  // Also as a regular expression has it.
  /mirror\\?\.sqlite\S*/g,
  /\blib\/sunk-agent\/cache\b/g,
  /\brun\/sunk-agent\/shut\b/g,
  // nsscache, its files, and the word that nsswitch.conf has for it.
  /nss[- ]?cache/g,
  /\.cache\b|\bcache\.ix|\bfiles cache\b/g,
];

const TERMS: Readonly<Record<string, Term>> = {
  hear: {
    today: /\b(?:hears?|heard|hearing|ears)\b/g,
    use: 'fetch, ingest, last contact',
    exceptIn: [
      [FIRST_NAMES, /\blast heard\b/g],
      [STORED_REPORT, /['"[.]heard\b|\bheard: (?:\{|keys of|string|\d)/g],
    ],
  },
  mirror: {
    today: /\bmirror(?:s|ed)?\b/g,
    use: 'state database',
    // Where apt gets packages; a directory that is laid out like another; a code of doctor's findings.
    except: [...ON_DISK, /\bdebian mirror\b|\bmirrors `src/g, /\bdisk-mirror\b/g],
  },
  cache: {
    today: /\bcache(?:s|d)?\b/g,
    use: 'state database; stat-cache and memo for what is kept to save time',
    // The kernel's, Node's, HTTP's and git's; that of the test nodes; `stat-cache` is a term.
    except: [
      ...ON_DISK,
      /\b(?:page|compile|disk|directory|stat)[- ]caches?\b|cache-control|\bcache\.(?:put|match)/g,
      /\bcompile cache\b|\bvar\/cache\b|\bnode cache\b|--cached\b/g,
      // The mode of a sync in the database, and the service of nsswitch.conf.
      /['"] ?cache['"]/g,
      // A directory on disk; a setting of SQLite.
      /\/cache\b|'cache size\b/g,
      // The service of nsswitch.conf(5) before that of its files.
      /\bcache files\b/g,
      // That of nscd(8), and its option in nscd.conf(5).
      /\bcaches? of nscd\b|\bits cache: nscd\b|enable-cache\b/g,
      // Files of nsscache; a code of src/common/errors.ts; an option of a library.
      /\bcache-(?:files|index)\b|\bcache damaged\b|\bcache provider:/g,
    ],
    exceptIn: [
      [FIRST_NAMES, /\bcache: 'state'|`cache`/g],
      [STORED_REPORT, /`cache`/g],
      [/^src\/host\/nss\/foreign-nsscache\.ts$/, /`cache`/g],
      [/^test\/bench\/nsscache\.ts$/, /^cache = files$/g],
      [NSCD, /\bcache[sd]?\b/g],
      // The service of nsswitch.conf.
      [/^packaging\/(?:container\/link-nsscache|follower\/install-follower)$/, /\\1 cache\b|\]cache\(/g],
    ],
  },
  take: { today: /\bbegin take\b|\btake[- ]pages?\b|\bnew take\b|\btaking\.|\bkept[- ]take/g, use: 'ingest' },
  fetcher: { today: /\bfetchers?\b/g, use: 'reader' },
  parts: {
    today:
      /\bkept[- ]parts\b|\{ \.\.\.parts,|\bparts\.(?:state|host|config|paths|reader|log|clock|ledger)\b/g,
    use: 'SyncContext, context',
  },
  place: {
    today: /\bplace\.(?!\s|$)|\b(?:const|let) place\b|\bplace: \w+ (?:root|context|place)\b/g,
    use: 'NodeContext, context',
  },
  turn: {
    today: /\bturn lock\b|\bsync order\b|\bwaits? for (?:its|the) turn\b|\btake turn\b/g,
    use: 'acquireSyncLock, SyncRequest',
  },
  pass: {
    today:
      /\b(?:an?|the|each|every|one|next|last|first|second|third|full|delta|quick|this|that|of|per|before|after|between|no|two|three|many|few|all) pass(?:es)?\b|\bpass[- ](?:lock|line|lines|report|over|number|log)\b|\.pass\(|\bpass\(\)|\brun passe?s?\b/g,
    use: 'sync',
    // Columns and tables of the database keep their names.
    except: [/\b(?:from|into|table|update) pass\b/g],
    exceptIn: [
      [FIRST_NAMES, /\b(?:last|next) pass\b(?!\()/g],
      [MIGRATIONS, /\bpass report\b|\bin every pass\b|\b(?:the|a) first pass\b/g],
    ],
  },
  settled: {
    today: /\bsettled\b/g,
    use: 'change-detector, unchanged',
    except: [/\ball settled\b/g],
  },
  complaint: { today: /\bcomplaints?\b/g, use: 'log-dedup, problem' },
  desire: { today: /\bdesires?\b|\bwish(?:es|ed)?\b/g, use: 'computeDesiredState' },
  ground: { today: /\bgrounds?\b|\bsurveys?\b/g, use: 'allocations, preconditions' },
  winner: {
    today: /\bwinners?\b|\brosters?\b|\broll\b(?! back)/g,
    use: 'precedence, group-members, managed-accounts',
  },
  ours: {
    today: /\bours\b|\bour mark\b|\bmarkers?\b/g,
    use: 'managed, the managed group',
    // Codes of refusals and findings; sshd(8) on known_hosts; a name of CSS.
    except: [/\bmarker-taken\b|\bgroup-marker\b|\bmarker of known hosts\b|-details-marker\b/g],
  },
  notes: { today: /\bremember(?:s|ed)?[- ](?:last|text)\b/g, use: 'memo, stat-cache' },
  weighing: {
    today: /\bweigh(?:s|ed|ing)?\b|\bscales\b|\bspoken\b|\bsilent\b|\briders?\b/g,
    use: 'guard-limits, explicit, implied, dependants',
    // Options of the logger, of npm and of curl; codes of findings; an alert.
    except: [/['"]silent['"]|--silent|\b(?:disk|sshd|names)-silent\b|\bsunk agent silent\b/g],
  },
  reopened: {
    today:
      /\breopen(?:s|ed|ing)?\b|\bclosed (?:accounts?|in shadow)\b|\baccounts? (?:is|are|was|were|stays?) closed\b/g,
    use: 'disabled, enabled',
    // Kinds of the history, also as a regular expression has them.
    except: [/\baccount-reopen(?:ed)?\b|\balter\|reopen\|/g],
  },
  shut: {
    today: /\bshuts?\b/g,
    use: 'denied, deny list',
    except: [...ON_DISK, /\bshuts? (?:[\w']+ ){0,3}down\b/g],
  },
  out: {
    today: /\b(?:puts?|putting) out\b|\b(?:is|are|was|were|stays?|goes|go) out\b|\bout at once\b/g,
    use: 'revoke, has no access',
    except: [/\bout of\b/g],
  },
  look: {
    today: /\b[a-z]+-looks?\b|\blooked\b(?! (?:at|up|for|like))|\bhands\b/g,
    use: 'probe, HostAdapter',
  },
  powerful: {
    today: /\bpowerful\b|\bpower files?\b/g,
    use: 'privileged',
    // Codes of refusals.
    except: [/\b(?:name|uid|gid)-powerful\b/g],
  },
  word: {
    today: /\boperator'?s? words?\b|\b(?:wait|waits|waiting|ask|asks) for a word\b|\bstore[’']s word\b/g,
    use: 'approval, OperatorOverrides, reported by the store',
  },
  folder: {
    today: /\bfolders?\b/g,
    use: 'directory',
    // A code of src/common/errors.ts; codes of doctor's findings and fixes; VMware's and VirtualBox's own word.
    except: [/\bstate folder\b/g, /\bdisk-key-folder\b|\bkey-folder-rights\b/g, /\bshared folders\b/g],
  },
  testbed: {
    today: /\bdoors?\b|\bmishaps?\b|\bdice\b|\btruth\b|\bpolite\b|\bstages?\b/g,
    use: 'auth, node-faults, rng, reference-model, client-errors, harness',
  },
  plan: { today: /\btaken away:|\bgiven or altered\b/g, use: 'To remove, To add or change' },
  doctor: { today: /\bBROKEN\b|\bOPEN\b/g, isExact: true, use: 'ERROR, WARNING, SECURITY' },
  mend: {
    today: /\bmend(?:s|ed|ing)?\b/g,
    use: 'fix',
    exceptIn: [[FIRST_JSON, /\bmend:|`mend`/g]],
  },
  vouched: {
    today: /\bvouch(?:ed|es)?\b/g,
    use: 'confirmed',
    // A confirmation method of SAML 2.0.
    except: [/\bsender-vouches\b/g],
  },
  nobody: {
    today: /\bnobody\b|\bsomebody\b|\beverybody\b|\bwhoever\b|\bwhom\b/g,
    use: 'no one, a user, each account, the user who',
    // The account `nobody`.
    except: [/['"`:=]nobody\b|\bnobody:|\b(?:user|account|runs as|gnats) nobody\b/g],
    exceptIn: [[MIGRATIONS, /\bby whom\b/g]],
  },
};

interface Hit {
  readonly term: string;
  readonly directory: string;
  readonly where: string;
}

/** One case, and identifiers as words: `passLock` and `pass_lock` read `pass lock`. */
function normalise(line: string): string {
  return line
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase();
}

function searchFile(file: string, directory: string): Hit[] {
  const content = readFileSync(path.join(REPOSITORY, file), 'utf8');
  if (content.includes('\0')) return [];
  // The path is searched as line 0.
  const raw = [file, ...content.split('\n')];
  const normalised = raw.map(normalise);
  const hits: Hit[] = [];
  for (const [term, { today, isExact = false, except = [], exceptIn = [] }] of Object.entries(TERMS)) {
    const allowed = [...except, ...exceptIn.flatMap(([files, bytes]) => (files.test(file) ? [bytes] : []))];
    for (const [number, line] of (isExact ? raw : normalised).entries()) {
      const searched = allowed.reduce((rest, bytes) => rest.replaceAll(bytes, '·'), line);
      for (const _ of searched.matchAll(today)) hits.push({ term, directory, where: `${file}:${number}` });
    }
  }
  return hits;
}

const hits = DIRECTORIES.flatMap((directory) =>
  readdirSync(path.join(REPOSITORY, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(REPOSITORY, path.join(entry.parentPath, entry.name)))
    // Links of the chart: what they lead to is searched where it lies.
    .filter((file) => !SKIPPED.test(file) && !file.startsWith('packaging/helm/sunk-agent/files/'))
    .flatMap((file) => searchFile(file, directory)),
);

describe.each(Object.entries(TERMS))('the words of "%s"', (term, { use }) => {
  test.each(DIRECTORIES)(`are gone from %s: use ${use}`, (directory) => {
    const found = hits.filter((hit) => hit.term === term && hit.directory === directory);
    expect(found.map(({ where }) => where)).toEqual([]);
  });
});

test('the search finds a word inside of an identifier, and leaves what is allowed', () => {
  expect(normalise('const passLock = SYNC_FOLDER')).toBe('const pass lock = sync folder');
  expect('opens mirror.sqlite-wal'.replaceAll(ON_DISK[0]!, '·')).toBe('opens ·');
});
