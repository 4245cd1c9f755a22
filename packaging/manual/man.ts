// The manuals: sunk-agent(8) from the help of the commands, sunk-agent.yaml(5) from the descriptions of the schema.
import { auditEvent } from '../../src/agent/report/events/audit-event.ts';
import { ACTS } from '../../src/agent/report/audit.ts';
import { KINDS } from '../../src/plan/changes/kinds.ts';
import { OVERVIEW } from '../../src/cli/help.ts';
import { configSchema } from '../../src/config/config.ts';
import { loadCommands } from './commands.ts';
import { listKeys } from './config-keys.ts';
import { EVENTS, LEAVING, NAMES, NSSCACHE, PUBLISH, READING, SLURM, STATUS } from './man-texts.ts';
import { escapeText, literal, renderHead, renderList } from './mdoc.ts';

/** sunk-agent(8) as mdoc. `time` in epoch seconds. */
export async function renderCommandManual(time: number): Promise<string> {
  const commands = await loadCommands();
  const sections = [...commands].flatMap(([name, { help }]) => [
    `.Ss sunk\\-agent ${name}`,
    ...renderHelp(help),
  ]);
  const files = [
    ['/etc/sunk-agent/config.yaml', 'The configuration: sunk-agent.yaml(5).'],
    ['/etc/sunk-agent/approved', 'Hashes of held changes that are approved; a fleet may share it.'],
    [
      '/etc/sunk-agent/blocked',
      'The block list: users and keys without access, whatever the store has; a fleet may share it.',
    ],
    ['/etc/sunk-agent/credentials/', 'Tokens of the store, readable by root and the reader.'],
    [
      '/var/lib/sunk-agent/cache/',
      'The state database: the records of the store, the ledger of names and ids, the history.',
    ],
    ['/var/lib/sunk-agent/reserve', 'Space that a sync releases on a full disk; the file has no content.'],
    ['/var/lib/sunk-agent/audit.ndjson', 'The audit trail: one JSON line for each act of an operator.'],
    ['/var/lib/sunk-agent/authorized_keys/', 'The keys that sshd accepts, one file for each name.'],
    [
      '/var/lib/sunk-agent/extended',
      'Extensions: the user, the time until the keys are extended, and the operator.',
    ],
    [
      '/var/lib/sunk-agent/grants',
      'Grants: the user, the group, the time until the grant ends, the operator and the reason; a day longer than the grant.',
    ],
    [
      '/var/lib/sunk-agent/offboarded/',
      'Cron, incron and at jobs and lingering of revoked users, by uid; restored when they return. Jobs that would then run at once stay in UID.kept-TIME.',
    ],
    ['/run/sunk-agent/status.json', 'The status after the last sync: see STATUS.'],
    [
      '/run/sunk-agent/shut/',
      'The deny list: names to which the key helper serves no key, since the key file could not be removed.',
    ],
  ].map(([tag = '', text = '']) => ({ tag: `Pa ${escapeText(tag)}`, body: [escapeText(text)] }));
  const lines = [
    ...renderHead('sunk-agent', 8, time),
    '.Sh NAME',
    '.Nm sunk\\-agent',
    '.Nd keep a SUNK login node in agreement with the user store',
    '.Sh SYNOPSIS',
    '.Nm',
    '.Ar command',
    '.Op Ar options',
    '.Sh DESCRIPTION',
    ...renderHelp(OVERVIEW),
    '.Sh COMMANDS',
    ...sections,
    '.Sh FILES',
    ...renderList(files),
    '.Sh EVENTS',
    ...renderHelp(EVENTS),
    '.Pp',
    'Fields:',
    ...renderList(listFields()),
    '.Pp',
    'Codes of changes:',
    ...renderList(listCodes()),
    '.Pp',
    escapeText(`Codes of acts: ${ACTS.join(', ')}.`),
    '.Sh STATUS',
    ...renderHelp(STATUS),
    '.Sh SEE ALSO',
    '.Xr sunk\\-agent.yaml 5 ,',
    '.Xr sshd_config 5 ,',
    '.Xr systemctl 1',
  ];
  return `${lines.join('\n')}\n`;
}

function listFields() {
  return listKeys(auditEvent).map(({ path, type, description }) => ({
    tag: literal(path),
    body: [escapeText(`${description} (${type})`)],
  }));
}

/** As plans have them; `%` stands for the name. */
function listCodes() {
  return KINDS.map(({ kind, phrase }) => ({
    tag: literal(kind),
    body: [escapeText(phrase.replace('%', 'NAME'))],
  }));
}

/** sunk-agent.yaml(5) as mdoc. `time` in epoch seconds. */
export function renderConfigManual(time: number): string {
  const items = listKeys(configSchema).map(({ path, type, fallback, description }) => ({
    tag: literal(path),
    body: [
      escapeText(description),
      '.br',
      escapeText(fallback === undefined ? `${type}; must be set.` : `${type}; default: ${fallback}`),
    ],
  }));
  const lines = [
    ...renderHead('sunk-agent.yaml', 5, time),
    '.Sh NAME',
    '.Nm sunk\\-agent.yaml',
    '.Nd configuration of sunk\\-agent',
    '.Sh DESCRIPTION',
    'The configuration is a YAML file,',
    '.Pa /etc/sunk\\-agent/config.yaml .',
    'A wrong key, type or value is refused with its line, its path and what was expected;',
    'anchors and aliases are not supported.',
    'Durations are a number with s, m, h or d behind it.',
    'Below, a.b stands for the key b inside of a, and a[] for each entry of the list a.',
    '.Sh KEYS',
    ...renderList(items),
    '.Sh READING THE STORE',
    ...renderHelp(READING),
    '.Sh NAMES AND IDS',
    ...renderHelp(NAMES),
    '.Sh LEAVING',
    ...renderHelp(LEAVING),
    '.Sh PUBLISHER AND FOLLOWERS',
    ...renderHelp(PUBLISH),
    '.Sh THE NSSCACHE BACKEND',
    ...renderHelp(NSSCACHE),
    '.Sh SLURM',
    ...renderHelp(SLURM),
    '.Sh SEE ALSO',
    '.Xr sunk\\-agent 8 ,',
    '.Xr nsswitch.conf 5',
  ];
  return `${lines.join('\n')}\n`;
}

/** Help text: paragraphs stay paragraphs, lines with an indented word and its explanation become a list. */
function renderHelp(help: string): string[] {
  return help.split('\n\n').flatMap((paragraph) => {
    const lines = paragraph.split('\n');
    const items = lines.map((line) => /^ {2}(\S.*?) {2,}(\S.*)$/.exec(line));
    if (lines[0]?.startsWith('Usage: ') === true)
      return [
        '.Bd -literal -offset indent',
        ...lines.map((line) => escapeText(line.replace(/^Usage: +/, '').trim())),
        '.Ed',
      ];
    if (lines[0] === 'Examples:')
      return [
        '.Pp',
        'Examples:',
        '.Bd -literal -offset indent',
        ...lines.slice(1).map((line) => escapeText(line.replace(/^ {2}/, '').trimEnd())),
        '.Ed',
      ];
    return [
      '.Pp',
      ...lines.flatMap((line, index) => {
        const item = items[index] ?? null;
        if (item === null) return [escapeText(line.trim())];
        const list = renderList([{ tag: literal(item[1] ?? ''), body: [escapeText(item[2] ?? '')] }]);
        return [
          ...(isItem(items[index - 1]) ? [] : list.slice(0, 1)),
          ...list.slice(1, -1),
          ...(isItem(items[index + 1]) ? [] : list.slice(-1)),
        ];
      }),
    ];
  });
}

function isItem(match: RegExpExecArray | null | undefined): boolean {
  return match !== null && match !== undefined;
}
