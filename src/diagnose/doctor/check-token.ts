// Check `token`: is it there, readable by its reader alone, taken by the store, and unable to write?
import type { Facts, TokenFacts } from './facts.ts';
import { type Finding, found } from './finding.ts';

export function checkToken(facts: Facts): Finding[] {
  const { tokens, probe } = facts;
  const findings = tokens.flatMap((token) => checkFile(token, facts));
  if (!probe.ok) return findings;
  const answers = probe.value.tokens;
  for (const [index, { file, fault, status, may_write: mayWrite }] of answers.entries()) {
    const isMissing = tokens[index]?.reach === null;
    if (fault !== null && !isMissing) {
      findings.push(
        found(
          'token-unreadable',
          'broken',
          `the reader cannot use its token: ${fault}`,
          'put one token into that file, readable by sunk-reader',
        ),
      );
    }
    if (status === 401) {
      const severity = answers.some((other) => other.status === 200) ? 'warning' : 'broken';
      findings.push(
        found(
          'token-refused',
          severity,
          `the store refuses the token in ${file}`,
          'make a new one on SCIM Configuration, put it there, and restart sunk-agent-reader',
        ),
      );
    }
    if (status === 403) {
      findings.push(
        found(
          'token-forbidden',
          'broken',
          `the store knows the token in ${file}, but does not let it read`,
          'check its role, and that the SCIM API is enabled',
        ),
      );
    }
    if (mayWrite === true) {
      findings.push(
        found(
          'token-writes',
          'warning',
          `the token in ${file} may write to the store, and whoever steals it from here could too`,
          'make one that may only read',
        ),
      );
    }
  }
  return findings;
}

function checkFile({ path, reach }: TokenFacts, { reader, config }: Facts): Finding[] {
  if (reach === null) {
    const severity = config.scim.tokens.length > 1 ? 'warning' : 'broken';
    return [
      found(
        'token-missing',
        severity,
        `there is no token at ${path}`,
        'put the token of SCIM Configuration there: mode 0640, root:sunk-reader',
      ),
    ];
  }
  const isAnybody = (reach.mode & 0o007) !== 0;
  const isGroup =
    (reach.mode & 0o070) !== 0 && reader !== null && reach.gid !== reader.gid && reach.gid !== 0;
  if (!isAnybody && !isGroup) return [];
  const shown = reach.mode.toString(8).padStart(4, '0');
  return [
    found(
      'token-rights',
      'open',
      `others than its reader may reach the token ${path} (mode ${shown}, gid ${reach.gid})`,
      `chown root:sunk-reader ${path}; chmod 0640 ${path}; and make a new token, for the old one may be known`,
      'token-rights',
    ),
  ];
}
