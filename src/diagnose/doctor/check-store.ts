// Check `store`: is it reached, does its clock agree, does it serve our extension, and the groups of access?
import type { ProbeAnswer } from '../../protocol/messages.ts';
import { saySpan } from '../../common/relative-time.ts';
import type { Facts } from './facts.ts';
import { type Finding, found } from './finding.ts';

/** As in agent/hear/hear: beyond it nothing is confirmed; in seconds. */
const MAX_SKEW = 300;

export function checkStore({ probe, config }: Facts): Finding[] {
  if (!probe.ok)
    return [
      found(
        'store-unasked',
        'broken',
        `the store was not asked: ${probe.why}`,
        'see journalctl -u sunk-agent-reader',
      ),
    ];
  const answer = probe.value;
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
          'broken',
          `${config.scim.base_url}/Users answered ${status}`,
          'compare scim.base_url with SCIM Configuration in the Cloud Console',
        ),
      );
    }
    return findings;
  }
  if (answer.provider_config !== 200) {
    const said = answer.provider_config ?? 'nothing';
    findings.push(
      found(
        'store-provider-config',
        'warning',
        `the store answers ${said} to ServiceProviderConfig, so its pages cannot be negotiated`,
        'tell whoever runs the store',
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
  if (Math.abs(skew) <= MAX_SKEW) return [];
  const where = skew > 0 ? 'ahead of' : 'behind';
  return [
    found(
      'store-clock',
      'broken',
      `this node's clock is ${saySpan(Math.abs(skew))} ${where} the store's, so no key is confirmed`,
      'mend the time synchronisation: timedatectl status',
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
      'broken',
      `the store serves no schema for ${path}, where the keys should be`,
      'enable SUNK User Provisioning, or correct scim.attributes.ssh_keys',
    ),
  ];
}

function checkGroup({ name, id, pinned, listed }: ProbeAnswer['groups'][number]): Finding[] {
  const exact = listed.filter((group) => group.name === name);
  if (id !== null) {
    if (pinned !== null) return [];
    const [other] = exact;
    return other === undefined
      ? [
          found(
            'store-group-missing',
            'broken',
            `the store has no group ${name} with the pinned id ${id}`,
            `provision it, or correct the entry under access`,
          ),
        ]
      : [
          found(
            'store-group-pin',
            'broken',
            `the group ${name} has the id ${other.id} at the store, and access pins ${id}: it was made anew`,
            `pin ${other.id}, if it is the right group`,
          ),
        ];
  }
  if (exact.length === 1) return [];
  if (exact.length > 1)
    return [
      found(
        'store-group-twice',
        'warning',
        `the store has ${exact.length} groups called ${name}`,
        'pin the id of the right one under access',
      ),
    ];
  const [lookalike] = listed;
  return lookalike === undefined
    ? [
        found(
          'store-group-missing',
          'broken',
          `the store has no group ${name}, which access names`,
          'have it provisioned, or correct the name under access',
        ),
      ]
    : [
        found(
          'store-group-case',
          'broken',
          `access names the group ${name}, but the store has ${lookalike.name}: case counts`,
          `write ${lookalike.name} under access`,
        ),
      ];
}

const TLS = /^(?:CERT_|ERR_TLS|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_SSL|EPROTO)/;

function explainFault({ code, detail }: { code: string; detail: string }, base: string): Finding {
  const host = new URL(base).host;
  if (TLS.test(code))
    return found(
      'store-tls',
      'broken',
      `no secure connection to ${host}: ${detail} (${code})`,
      'name the authority’s certificate in scim.ca_file, or mend the clock or the certificate',
    );
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return found(
      'store-dns',
      'broken',
      `the name ${host} is not resolved (${code})`,
      'check scim.base_url and the DNS of this node',
    );
  return found(
    'store-unreachable',
    'broken',
    `${host} is not reached: ${detail} (${code})`,
    'check scim.base_url, the route, the proxy and the firewall',
  );
}
