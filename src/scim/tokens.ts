// Finds the bearer tokens that the configuration names.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { TokenSource } from '../config.ts';
import { AgentError } from '../errors.ts';
import { pathsUnder } from '../paths.ts';

/** RFC 6750 section 2.1: what a bearer token is made of. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

/**
 * Where a token lies: a systemd credential (CREDENTIALS_DIRECTORY), else a file of that name among our credentials.
 */
export function locateToken(source: TokenSource, root: string, environment: NodeJS.ProcessEnv): string {
  if ('file' in source) return path.join(root, source.file);
  return path.join(environment['CREDENTIALS_DIRECTORY'] ?? pathsUnder(root).credentials, source.credential);
}

/**
 * Reads every token, in order.
 * @throws AgentError token_missing, naming the file and never its content.
 */
export function readTokens(
  sources: readonly TokenSource[],
  root: string,
  environment = process.env,
): string[] {
  return sources.map((source) => {
    const file = locateToken(source, root, environment);
    let text: string;
    try {
      text = readFileSync(file, 'utf8').trim();
    } catch (cause) {
      throw new AgentError('token_missing', `cannot read the token ${file}`, { cause });
    }
    if (!TOKEN.test(text))
      throw new AgentError('token_missing', `${file} does not hold one token and nothing else`);
    return text;
  });
}
