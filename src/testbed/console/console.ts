// The console: who may come in, which page or action a request means, and how a refusal is told.
import type { Reply, Request } from '../exchange.ts';
import { ScimError } from '../protocol/scim-error.ts';
import type { Workspace } from '../workspace.ts';
import { redirect, renderReply } from '../pages/page-reply.ts';
import { serveAsset } from '../pages/assets.ts';
import { nameCookies, readCookie } from './cookies.ts';
import { renderPage } from './layout.ts';
import { isActive, isAdministrator, nameOf } from './people.ts';
import { findRoute } from './routes.ts';
import { createSessions, isSameSecret, makeSecret, type Session } from './sessions.ts';
import { showRefusal, showSignIn } from './pages/sign-in-page.ts';
import { beginSignIn, describeServiceProvider, endSignIn } from './sso-routes.ts';
import type { Visit, Visitor } from './visit.ts';

export interface Console {
  /** Answers a request below `/console`; refusals become pages. */
  answer(request: Request): Promise<Reply>;
  /** A link that makes the first visitor a local administrator; the one before is worth nothing any more. */
  readonly makeLink: () => string;
}

/**
 * @param origin `http://127.0.0.1:PORT`
 * @param baseUrl the SCIM Base URL, to be shown.
 */
export function createConsole(
  workspace: Workspace,
  origin: string,
  baseUrl: string,
  now: () => number,
): Console {
  const { host, port } = new URL(origin);
  const sessions = createSessions(now);
  const cookies = nameCookies(port);
  let linkSecret: string | null = null;

  async function answer(request: Request): Promise<Reply> {
    const [, ...segments] = request.segments;
    const route = `${request.method === 'HEAD' ? 'GET' : request.method} /${segments.join('/')}`;
    checkHost(request);
    switch (route) {
      case 'GET /start':
        return enterByLink(request.query.get('key') ?? '');
      case 'GET /sign-in/start':
        return beginSignIn(workspace, 'sign-in', cookies);
      case 'POST /saml/acs':
        return endSignIn(workspace, sessions, request, cookies);
      case 'GET /saml/metadata':
        return describeServiceProvider(workspace);
      default:
    }
    const asset = segments.length === 1 && request.method === 'GET' ? serveAsset(segments[0] ?? '') : null;
    if (asset !== null) return asset;
    const session = sessions.find(readCookie(request, cookies.sessionName));
    const visitor = session === null ? null : recognise(session);
    if (session === null || visitor === null) return renderReply(401, showSignIn(workspace.sso));
    return answerVisitor(request, route, segments, session, visitor);
  }

  /** What the page is for, asked of a user who is signed in. */
  async function answerVisitor(
    request: Request,
    route: string,
    segments: readonly string[],
    session: Session,
    visitor: Visitor,
  ): Promise<Reply> {
    if (request.method === 'POST') checkOrigin(request, session);
    if (route === 'GET /') return redirect(`/console/${visitor.isAdministrator ? 'saml-sso' : 'clusters'}`);
    if (route === 'POST /sign-out') {
      sessions.end(session);
      return redirect('/console', cookies.noSession());
    }
    const found = findRoute(request.method === 'HEAD' ? 'GET' : request.method, segments, visitor);
    if (found === 'forbidden') throw new ScimError(403, null, 'This page is for administrators.');
    if (found === null) throw new ScimError(404, null, 'There is no such page.');
    if (route === 'GET /saml-sso/test') return beginSignIn(workspace, 'test', cookies);
    const { csrf, newToken } = session;
    const visit = { workspace, visitor, csrf, baseUrl, newToken: newToken ?? null, now: now() };
    if (found.act === null) {
      const { notice } = session;
      const page = found.show(visit, found.ids, request.query);
      session.notice = null;
      session.newToken = null;
      return renderReply(page.status ?? 200, renderPage(page, visit, notice));
    }
    return act(found.act, visit, session, request, found.ids);
  }

  async function act(
    perform: NonNullable<Exclude<ReturnType<typeof findRoute>, null | 'forbidden'>['act']>,
    visit: Visit,
    session: Session,
    request: Request,
    ids: readonly string[],
  ): Promise<Reply> {
    try {
      const done = await perform(visit, ids, new URLSearchParams(request.body.toString('utf8')));
      session.notice = { tone: 'done', text: done.notice };
      session.newToken = done.newToken ?? null;
      return redirect(`/console${done.to}`);
    } catch (error) {
      if (!(error instanceof ScimError)) throw error;
      session.notice = { tone: 'refused', text: error.message };
      return redirect(findWayBack(request));
    }
  }

  /** Judged at each request: a user who is disabled or loses the policy meanwhile loses access at once. */
  function recognise({ who }: Session): Visitor | null {
    if (who.kind === 'local') return { name: 'Local administrator', isAdministrator: true, userId: null };
    const user = workspace.organisation.users.get(who.id);
    if (user === null || !isActive(user)) return null;
    return { name: nameOf(user), isAdministrator: isAdministrator(workspace, who.id), userId: who.id };
  }

  function enterByLink(key: string): Reply {
    if (linkSecret === null || !isSameSecret(key, linkSecret)) {
      const sentence =
        'This link was used already, or is of an earlier start. Start the testbed again for a new one.';
      return renderReply(403, showRefusal('Not signed in', sentence));
    }
    linkSecret = null;
    return redirect('/console', cookies.session(sessions.begin({ kind: 'local' }).id));
  }

  /** A name that another party made point to loopback must not reach us (DNS rebinding). */
  function checkHost(request: Request): void {
    if (request.headers.host === host) return;
    throw new ScimError(421, null, `The console is at ${origin}/console and nowhere else.`);
  }

  /** Two proofs that the form was ours: where it was, and the text that only our pages have. */
  function checkOrigin({ headers, body }: Request, session: Session): void {
    const from = headers.origin;
    const csrf = new URLSearchParams(body.toString('utf8')).get('csrf') ?? '';
    if ((from === undefined || from === origin) && isSameSecret(csrf, session.csrf)) return;
    throw new ScimError(
      403,
      null,
      'This form was not one of this console. Open the page again, and send it from there.',
    );
  }

  /** The page on which the form was, if it was one of ours. */
  function findWayBack({ headers }: Request): string {
    const referer = headers.referer ?? '';
    return referer.startsWith(`${origin}/console/`) ? referer.slice(origin.length) : '/console';
  }

  return {
    async answer(request) {
      try {
        return await answer(request);
      } catch (error) {
        const refusal =
          error instanceof ScimError
            ? error
            : new ScimError(500, null, `The console failed: ${String(error)}`);
        return renderReply(refusal.status, showRefusal('Refused', refusal.message));
      }
    },
    makeLink: () => {
      linkSecret = makeSecret();
      return `${origin}/console/start?key=${linkSecret}`;
    },
  };
}
