// The console: which page or action a request means, for the visitor who sends it, and how a refusal is told.
import type { Reply, Request } from '../exchange.ts';
import { ScimError } from '../protocol/scim-error.ts';
import type { Workspace } from '../workspace.ts';
import { redirect, renderReply } from '../pages/page-reply.ts';
import { serveAsset } from '../pages/assets.ts';
import { isSameSecret, makeSecret } from '../pages/secrets.ts';
import { hasPrivateKey } from '../keys/private-keys.ts';
import { recognise } from './admission.ts';
import { nameCookies, readCookie } from './cookies.ts';
import { renderPage } from './layout.ts';
import { findRoute, type Route } from './routes.ts';
import { createSessions, type Session } from './sessions.ts';
import { showRefusal, showSignIn } from './pages/sign-in-page.ts';
import { beginSignIn, describeServiceProvider, endSignIn, type SignIns } from './sso-routes.ts';
import type { Act, Visit, Visitor } from './visit.ts';

export interface Console {
  /** Answers a request below `/console`; refusals become pages. */
  answer(request: Request): Promise<Reply>;
  /** A link that makes the first visitor a local administrator; the one before is worth nothing any more. */
  readonly makeLink: () => string;
}

export interface ConsoleOptions {
  readonly workspace: Workspace;
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** The SCIM Base URL, to be shown. */
  readonly baseUrl: string;
  readonly now: () => number;
  /** Is given a new link when the local administrator signs out, who could not come back otherwise. */
  readonly announceLink: (url: string) => void;
}

export function createConsole(options: ConsoleOptions): Console {
  const pages = new ConsolePages(options);
  return {
    async answer(request) {
      try {
        return await pages.answer(request);
      } catch (error) {
        const refusal =
          error instanceof ScimError
            ? error
            : new ScimError(500, null, `The console failed: ${String(error)}`);
        return renderReply(refusal.status, showRefusal('Refused', refusal.message));
      }
    },
    makeLink: () => pages.makeLink(),
  };
}

class ConsolePages {
  readonly #options: ConsoleOptions;
  readonly #workspace: Workspace;
  readonly #signIns: SignIns;
  #linkSecret: string | null = null;

  constructor(options: ConsoleOptions) {
    this.#options = options;
    this.#workspace = options.workspace;
    this.#signIns = {
      workspace: options.workspace,
      sessions: createSessions(options.now),
      cookies: nameCookies(new URL(options.origin).port),
    };
  }

  makeLink(): string {
    this.#linkSecret = makeSecret();
    return `${this.#options.origin}/console/start?key=${this.#linkSecret}`;
  }

  async answer(request: Request): Promise<Reply> {
    const [, ...segments] = request.segments;
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    this.#checkHost(request);
    const open = await this.#answerAnyone(request, `${method} /${segments.join('/')}`);
    if (open !== null) return open;
    const asset = segments.length === 1 && request.method === 'GET' ? serveAsset(segments[0] ?? '') : null;
    if (asset !== null) return asset;
    const { sessions, cookies } = this.#signIns;
    const session = sessions.find(readCookie(request, cookies.sessionName));
    const visitor = session === null ? null : recognise(this.#workspace, session.who);
    if (session !== null && visitor !== null) {
      return this.#answerVisitor({ ...request, method }, segments, session, visitor);
    }
    const returnTo = method === 'GET' ? request.target.slice('/console'.length) : null;
    return renderReply(401, showSignIn(this.#workspace.sso, returnTo));
  }

  /** What needs no session; null: everything else. */
  async #answerAnyone(request: Request, route: string): Promise<Reply | null> {
    switch (route) {
      case 'GET /start':
        return this.#enterByLink(request.query.get('key') ?? '');
      case 'GET /sign-in/start':
        return beginSignIn(this.#signIns, 'sign-in', readReturnTo(request));
      case 'POST /saml/acs':
        return endSignIn(this.#signIns, request);
      case 'GET /saml/metadata':
        return describeServiceProvider(this.#workspace);
      default:
        return null;
    }
  }

  async #answerVisitor(
    request: Request,
    segments: readonly string[],
    session: Session,
    visitor: Visitor,
  ): Promise<Reply> {
    if (request.method === 'POST') this.#checkOrigin(request, session);
    const path = segments.join('/');
    if (path === '') return redirect(`/console/${visitor.isAdministrator ? 'overview' : 'clusters'}`);
    if (path === 'sign-out' && request.method === 'POST') return this.#signOut(session);
    const found = findRoute(request.method, segments, visitor);
    if (found === 'forbidden') throw new ScimError(403, null, 'This page is for administrators.');
    if (found === null) throw new ScimError(404, null, 'There is no such page.');
    if (path === 'saml-sso/test') return beginSignIn(this.#signIns, 'test', null);
    const visit = this.#makeVisit(session, visitor);
    if (found.act !== null) return this.#act(found.act, visit, session, request, found.ids);
    return this.#show(found, visit, session, request);
  }

  #makeVisit({ csrf, newToken, refused }: Session, visitor: Visitor): Visit {
    return {
      workspace: this.#workspace,
      visitor,
      csrf,
      baseUrl: this.#options.baseUrl,
      newToken,
      entered: (path, field) => (refused?.path === path ? refused.fields.get(field) : null),
      now: this.#options.now(),
    };
  }

  /** What is shown once stays for the reader, where a script only asks for what is new. */
  #show(found: Route & { act: null }, visit: Visit, session: Session, request: Request): Reply {
    const isLive = request.headers['x-live'] !== undefined;
    const page = found.show(visit, found.ids, request.query);
    const reply = renderReply(page.status ?? 200, renderPage(page, visit, session.notice));
    if (!isLive) Object.assign(session, { notice: null, newToken: null, refused: null });
    return reply;
  }

  async #act(
    act: Act,
    visit: Visit,
    session: Session,
    request: Request,
    ids: readonly string[],
  ): Promise<Reply> {
    const fields = new URLSearchParams(request.body.toString('utf8'));
    try {
      const done = await act(visit, ids, fields);
      session.notice = { tone: 'done', text: done.notice };
      session.newToken = done.newToken ?? null;
      return redirect(`/console${done.to}`);
    } catch (error) {
      if (!(error instanceof ScimError)) throw error;
      session.notice = { tone: 'refused', text: error.message };
      const isSecret = [...fields.values()].some(hasPrivateKey);
      const path = new URL(request.target, this.#options.origin).pathname.slice('/console'.length);
      session.refused = isSecret ? null : { path, fields };
      return redirect(this.#findWayBack(request));
    }
  }

  #enterByLink(key: string): Reply {
    if (this.#linkSecret === null || !isSameSecret(key, this.#linkSecret)) {
      const sentence =
        'This link was used already, or another was made since. The terminal of the testbed shows the last one.';
      return renderReply(403, showRefusal('Not signed in', sentence));
    }
    this.#linkSecret = null;
    const { sessions, cookies } = this.#signIns;
    return redirect('/console', cookies.session(sessions.begin({ kind: 'local' }).id));
  }

  #signOut(session: Session): Reply {
    const { sessions, cookies } = this.#signIns;
    sessions.end(session);
    if (session.who.kind === 'local') this.#options.announceLink(this.makeLink());
    return redirect('/console', cookies.noSession());
  }

  /** A name that another party made point to loopback must not reach the console (DNS rebinding). */
  #checkHost({ headers }: Request): void {
    const { origin } = this.#options;
    if (headers.host === new URL(origin).host) return;
    throw new ScimError(421, null, `The console is at ${origin}/console and nowhere else.`);
  }

  /** Two proofs that the form is this console's: where it was, and the text that only its pages have. */
  #checkOrigin({ headers, body }: Request, session: Session): void {
    const from = headers.origin;
    const csrf = new URLSearchParams(body.toString('utf8')).get('csrf') ?? '';
    const isOwn = from === undefined || from === this.#options.origin;
    if (isOwn && isSameSecret(csrf, session.csrf)) return;
    const sentence = 'This form was not one of this console. Open the page again, and send it from there.';
    throw new ScimError(403, null, sentence);
  }

  /** The page on which the form was, if it was one of this console's. */
  #findWayBack({ headers }: Request): string {
    const { origin } = this.#options;
    const referer = headers.referer ?? '';
    return referer.startsWith(`${origin}/console/`) ? referer.slice(origin.length) : '/console';
  }
}

/** Where a sign-in leads: a path below the console, whatever else the address says. */
function readReturnTo({ query }: Request): string | null {
  const to = query.get('to') ?? '';
  return /^\/[^/\\][\x21-\x7e]*$/.test(to) ? to : null;
}
