// Check `token`: does it exist, can the reader alone read it, does the store accept it, and is it read-only?
import type { ProbeAnswer } from '../../../protocol/messages.ts';
import type { Facts, TokenFacts } from '../facts.ts';
import { type Finding, found } from '../finding.ts';
import { judgeReaders } from '../by-reader.ts';

export function checkToken(facts: Facts): Finding[] {
  return [
    ...facts.tokens.flatMap((token) => checkFile(token, facts)),
    ...judgeReaders(facts, ({ tokens }) => checkAnswers(tokens, facts)),
  ];
}

function checkAnswers(answers: ProbeAnswer['tokens'], { tokens }: Facts): Finding[] {
  const findings: Finding[] = [];
  for (const [index, { file: read, fault, status, may_write: mayWrite }] of answers.entries()) {
    // systemd gives the unit a copy, and the operator changes the original.
    const file = read.startsWith('/run/credentials/') ? (tokens[index]?.path ?? read) : read;
    const isMissing = tokens[index]?.rights === null;
    if (fault !== null && !isMissing) {
      findings.push(
        found(
          'token-unreadable',
          'error',
          `the reader cannot use its token: ${fault}`,
          'put one token into that file: mode 0640, root:sunk-reader',
        ),
      );
    }
    if (status === 401) {
      const level = answers.some((other) => other.status === 200) ? 'warning' : 'error';
      findings.push(
        found(
          'token-refused',
          level,
          `the store refuses the token in ${file}`,
          'create a token under SCIM Configuration, put it there, and restart sunk-agent-reader',
        ),
      );
    }
    if (status === 403) {
      findings.push(
        found(
          'token-forbidden',
          'error',
          `the store accepts the token in ${file}, but does not let it read`,
          'check its role, and that the SCIM API is enabled',
        ),
      );
    }
    if (mayWrite === true) {
      findings.push(
        found(
          'token-writes',
          'warning',
          `the token in ${file} can write to the store, and so can a stolen copy`,
          'create a read-only token',
        ),
      );
    }
  }
  return findings;
}

function checkFile({ path, rights }: TokenFacts, { reader, config }: Facts): Finding[] {
  if (rights === null) {
    const level = config.scim.tokens.length > 1 ? 'warning' : 'error';
    return [
      found(
        'token-missing',
        level,
        `there is no token at ${path}`,
        'put a token of SCIM Configuration there: mode 0640, root:sunk-reader',
      ),
    ];
  }
  const isPublic = (rights.mode & 0o007) !== 0;
  const isGroup =
    (rights.mode & 0o070) !== 0 && reader !== null && rights.gid !== reader.gid && rights.gid !== 0;
  // The owner of a file can read it, or give itself the right (chmod(2)).
  const isOwned = rights.uid !== 0 && reader !== null && rights.uid !== reader.uid;
  if (!isPublic && !isGroup && !isOwned) return [];
  const shown = rights.mode.toString(8).padStart(4, '0');
  return [
    found(
      'token-rights',
      'security',
      `users other than the reader can read the token ${path} (mode ${shown}, ${isOwned ? `uid ${rights.uid}, ` : ''}gid ${rights.gid})`,
      `chown root:sunk-reader ${path}; chmod 0640 ${path}; and create a new token, since the old one may be known`,
      'token-rights',
    ),
  ];
}
