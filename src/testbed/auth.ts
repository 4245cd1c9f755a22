// Who may come in, and do what: bearer tokens and their roles.
import type { Request } from './exchange.ts';
import { ScimError } from './protocol/scim-error.ts';
import type { Token, Tokens } from './tokens.ts';

/** @throws ScimError 401 unless the request bears a token of the organisation. */
export function authorise(tokens: Tokens, { headers }: Request): Token {
  const [, text] = /^bearer +([^ ]+) *$/i.exec(headers.authorization ?? '') ?? [];
  const token = text === undefined ? null : tokens.recognise(text);
  if (token === null) throw new ScimError(401, null, 'no bearer token of this organisation');
  return token;
}

/** @throws ScimError 403 if a read-only token is used to write. */
export function checkRole(token: Token, { method }: Request): void {
  if (token.role === 'provisioning' || method === 'GET' || method === 'HEAD') return;
  throw new ScimError(403, null, `the token ${token.name} may only read`);
}
