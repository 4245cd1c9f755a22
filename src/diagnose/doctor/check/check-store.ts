// Check `store`: does it answer, do the clocks agree, does it serve the extension and the access groups?
import { MAX_SKEW_MS } from '../../../protocol/clock-skew.ts';
import type { ProbeAnswer } from '../../../protocol/messages.ts';
import { saySpan } from '../../../common/text/relative-time.ts';
import type { Facts } from '../facts.ts';
import { type Finding, found } from '../finding.ts';
import { judgeReaders } from '../by-reader.ts';

/** Seconds; beyond it no key is confirmed. */
const MAX_SKEW = MAX_SKEW_MS / 1000;
/** Seconds; time synchronisation keeps clocks closer together. */
const DRIFT = 60;

export function checkStore(facts: Facts): Finding[] {
  const { probe, config } = facts;
  const answered = judgeReaders(facts, (answer) => checkAnswer(answer, config));
  if (probe.ok) return [...checkDeltas(facts), ...answered];
  return [
    ...checkDeltas(facts),
    found(
      'store-unasked',
      'error',
      `the store could not be checked: ${probe.why}`,
      'read the log: journalctl -u sunk-agent-reader',
    ),
  ];
}

/** A store whose `meta.lastModified` stands still or runs backwards. */
function checkDeltas({ deltasOffUntil: until, now }: Facts): Finding[] {
  if (typeof until !== 'number') return [];
  return [
    found(
      'store-deltas',
      'warning',
      `the store changed users or groups without a new meta.lastModified, so each poll reads everything for another ${saySpan(until - now)}`,
      'report it to the operator of the store, who should check its clock',
    ),
  ];
}

function checkAnswer(answer: ProbeAnswer, config: Facts['config']): Finding[] {
  if (answer.fault !== null) return [explainFault(answer.fault, config.scim.base_url)];
  const findings = checkClock(answer);
  if (!answer.tokens.some(({ status }) => status === 200)) {
    const status = answer.tokens.find(
      (token) => token.status !== null && ![401, 403].includes(token.status),
    )?.status;
    if (status !== undefined && status !== null) {
      findings.push(
        found(
          'store-answer',
          'error',
          `${config.scim.base_url}/Users answered ${status}`,
          'compare scim.base_url with SCIM Configuration in the Cloud Console',
        ),
      );
    }
    return findings;
  }
  if (answer.provider_config !== 200) {
    const status = answer.provider_config ?? 'nothing';
    findings.push(
      found(
        'store-provider-config',
        'warning',
        `the store answers ${status} to ServiceProviderConfig, so paging cannot be negotiated`,
        'report it to the operator of the store',
      ),
    );
  }
  return [
    ...findings,
    ...checkExtension(answer, config.scim.attributes.ssh_keys),
    ...answer.groups.flatMap(checkGroup),
  ];
}

function checkClock({ server_time: server, local_time: local }: ProbeAnswer): Finding[] {
  if (server === null) return [];
  const skew = (local - server) / 1000;
  if (Math.abs(skew) <= DRIFT) return [];
  const where = skew > 0 ? 'ahead of' : 'behind';
  if (Math.abs(skew) <= MAX_SKEW)
    return [
      found(
        'store-clock-drift',
        'warning',
        `the clock of this node is ${saySpan(Math.abs(skew))} ${where} the clock of the store; beyond ${saySpan(MAX_SKEW)} no key is confirmed`,
        'correct the time synchronisation: timedatectl status',
      ),
    ];
  return [
    found(
      'store-clock',
      'error',
      `the clock of this node is ${saySpan(Math.abs(skew))} ${where} the clock of the store, so no key is confirmed`,
      'correct the time synchronisation: timedatectl status',
    ),
  ];
}

function checkExtension({ schemas }: ProbeAnswer, path: string): Finding[] {
  if (schemas === null || !path.toLowerCase().startsWith('urn:')) return [];
  const wanted = path.toLowerCase();
  if (schemas.some((schema) => wanted.startsWith(`${schema.toLowerCase()}:`))) return [];
  return [
    found(
      'store-extension',
      'error',
      `the store serves no schema for ${path}, the attribute of the keys`,
      'enable SUNK User Provisioning, or correct scim.attributes.ssh_keys',
    ),
  ];
}

/** A store that does not answer has not said that there is none. */
function sayUnanswered(name: string, status: number | null): Finding {
  const answer = status === null ? 'no answer' : `status ${status}`;
  return found(
    'store-group-unanswered',
    'warning',
    `the store gives ${answer} when asked for the group ${name}, so it is not known whether the group exists`,
    'run sunk-agent doctor again; if it stays, report it to the operator of the store',
  );
}

function checkGroup({ name, id, pinned, status, listed }: ProbeAnswer['groups'][number]): Finding[] {
  const exact = listed.filter((group) => group.name === name);
  if (status !== 200 && pinned === null) return [sayUnanswered(name, status)];
  if (id !== null) {
    if (pinned !== null) return [];
    const [other] = exact;
    if (other?.id === id) return [];
    return other === undefined
      ? [
          found(
            'store-group-missing',
            'error',
            `the store has no group ${name} with the pinned id ${id}`,
            'provision the group, or correct the entry in access',
          ),
        ]
      : [
          found(
            'store-group-pin',
            'error',
            `the group ${name} has the id ${other.id} at the store, but access pins ${id}: the group was recreated`,
            `if it is the right group, pin ${other.id}`,
          ),
        ];
  }
  if (exact.length === 1) return [];
  if (exact.length > 1)
    return [
      found(
        'store-group-twice',
        'warning',
        `the store has ${exact.length} groups named ${name}`,
        'pin the id of the right one in access',
      ),
    ];
  const [lookalike] = listed;
  return lookalike === undefined
    ? [
        found(
          'store-group-missing',
          'error',
          `the store has no group ${name}, which access names`,
          'provision the group, or correct the name in access',
        ),
      ]
    : [
        found(
          'store-group-case',
          'error',
          `access names the group ${name}, but the store has ${lookalike.name}: case matters`,
          `write ${lookalike.name} in access`,
        ),
      ];
}

const TLS = /^(?:CERT_|ERR_TLS|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_SSL|EPROTO)/;

function explainFault({ code, detail }: { code: string; detail: string }, base: string): Finding {
  const host = new URL(base).host;
  if (TLS.test(code))
    return found(
      'store-tls',
      'error',
      `no secure connection to ${host}: ${detail} (${code})`,
      'set scim.ca_file to the certificate of the authority, or correct the clock or the certificate',
    );
  if (code === 'ca_file')
    return found(
      'store-ca-file',
      'error',
      `the reader cannot check the certificate of ${host}: ${detail.replace(/ \([^()]*\)$/, '')}`,
      'put the certificate of its authority there (PEM), readable by sunk-reader; or take scim.ca_file off the configuration',
    );
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return found(
      'store-dns',
      'error',
      `the name ${host} does not resolve (${code})`,
      'check scim.base_url and the DNS of this node',
    );
  if (code === 'EPROXY')
    return found(
      'store-proxy',
      'error',
      `${host} cannot be reached through the proxy: ${detail}`,
      'correct HTTPS_PROXY in the environment of sunk-agent-reader (systemctl cat sunk-agent-reader), then restart it; or correct the proxy',
    );
  return found(
    'store-unreachable',
    'error',
    `${host} cannot be reached: ${detail} (${code})`,
    'check scim.base_url, the route, the proxy and the firewall',
  );
}
