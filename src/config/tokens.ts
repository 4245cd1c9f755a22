// Finds the configured bearer tokens. Each request reads them again, so that a new token counts at once.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { TokenSource } from './config.ts';
import { AgentError } from '../common/errors.ts';
import { pathsUnder } from '../common/paths.ts';

/** Syntax of a bearer token (RFC 6750 section 2.1). */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

/**
 * The path of a token: a systemd credential (CREDENTIALS_DIRECTORY), else a file of that name in the credentials
 * directory.
 */
export function locateToken(source: TokenSource, root: string, environment: NodeJS.ProcessEnv): string {
  if ('file' in source) return path.join(root, source.file);
  return path.join(environment['CREDENTIALS_DIRECTORY'] ?? pathsUnder(root).credentials, source.credential);
}

/**
 * Reads the tokens that exist, in order: of several, all but one may be missing, as during a rotation.
 * @throws AgentError token_missing where no token is readable; it names the file and never its content.
 */
export function readTokens(
  sources: readonly TokenSource[],
  root: string,
  environment = process.env,
): string[] {
  const failures: AgentError[] = [];
  const tokens = sources.flatMap((source) => {
    const token = readToken(locateToken(source, root, environment));
    if (typeof token === 'string') return token;
    failures.push(token);
    return [];
  });
  if (tokens.length === 0) throw failures[0] ?? new AgentError('token_missing', 'no token is configured');
  return tokens;
}

function readToken(file: string): string | AgentError {
  try {
    const text = readFileSync(file, 'utf8').trim();
    if (TOKEN.test(text)) return text;
    return new AgentError('token_missing', `${file} does not hold one token and nothing else`);
  } catch (cause) {
    return new AgentError('token_missing', `cannot read the token ${file}`, { cause });
  }
}
