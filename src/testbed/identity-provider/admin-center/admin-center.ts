// The Entra admin center for rehearsal: who may come in, which page or action a request means, and how a refusal is shown.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Reply, Request } from '../../exchange.ts';
import { PAGE_HEADERS, redirect, renderReply } from '../../pages/page-reply.ts';
import { html } from '../../pages/html.ts';
import { isSameSecret } from '../../pages/secrets.ts';
import { UsageError } from '../directory-verbs.ts';
import { HOME, form, renderPage, renderProblem, renderSignIn } from './layout.ts';
import { createDirectoryAccess, type DirectoryAccess } from './directory-access.ts';
import { ACTIONS, PAGES } from './routes.ts';
import { createAdminSessions, type AdminSessions } from './sessions.ts';
import type { AdminSession, Done, IdentityProvider } from './visit.ts';

export interface AdminCenter {
  /** Signs the visitor in who follows it. */
  readonly link: string;
  /** Answers a request below `/admin-center`. */
  answer(request: Request): Promise<Reply>;
}

export function createAdminCenter(provider: IdentityProvider): AdminCenter {
  const pages = new AdminPages(provider);
  return {
    link: pages.link,
    async answer(request) {
      try {
        return await pages.answer(request);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        return renderReply(error instanceof UsageError ? 404 : 500, renderProblem('Refused', why));
      }
    },
  };
}

const STYLE = 'admin-center.css';

class AdminPages {
  readonly link: string;
  readonly #provider: IdentityProvider;
  readonly #sessions: AdminSessions;
  readonly #directory: DirectoryAccess;

  constructor(provider: IdentityProvider) {
    this.#provider = provider;
    this.#sessions = createAdminSessions(new URL(provider.origin).port);
    this.#directory = createDirectoryAccess(provider);
    this.link = `${provider.origin}${HOME}/start?key=${this.#sessions.key}`;
  }

  async answer(request: Request): Promise<Reply> {
    const { origin } = this.#provider;
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const name = request.segments.slice(1).join('/');
    if (request.headers.host !== new URL(origin).host)
      return renderReply(421, renderProblem('Refused', `The admin center is at ${origin}.`));
    if (name === STYLE) return serveStyle();
    const fields = new URLSearchParams(request.body.toString('utf8'));
    if (`${method} ${name}` === 'GET start') return this.#signIn(request.query.get('key') ?? '');
    if (`${method} ${name}` === 'POST sign-in') return this.#signIn(fields.get('key') ?? '');
    const session = this.#sessions.find(request);
    if (session === null) return renderReply(401, renderSignIn(null));
    if (method === 'POST') return this.#post(request, name, fields, session);
    return this.#show(name, session, request.query);
  }

  #signIn(key: string): Reply {
    const cookie = this.#sessions.begin(key);
    if (cookie !== null) return redirect(`${HOME}/enterprise-apps`, cookie);
    return renderReply(403, renderSignIn('This key is wrong, or of an earlier start.'));
  }

  #show(name: string, session: AdminSession, query: URLSearchParams): Reply {
    const provider = this.#provider;
    if (name === '') return redirect(`${HOME}/enterprise-apps`);
    if (!existsSync(provider.file)) return renderReply(200, showInit(session));
    const show = Object.hasOwn(PAGES, name) ? PAGES[name] : undefined;
    if (show === undefined) return renderReply(404, renderProblem('Not found', 'There is no such page.'));
    const visit = { directory: this.#directory.read(), provider, session };
    const page = show(visit, query);
    if (page.isOfApplication && !visit.directory.application.created) {
      return redirect(`${HOME}/enterprise-apps`);
    }
    const { notice } = session;
    session.notice = null;
    return renderReply(200, renderPage(page, visit, notice));
  }

  async #post(
    request: Request,
    name: string,
    fields: URLSearchParams,
    session: AdminSession,
  ): Promise<Reply> {
    if (!this.#isOwnForm(request, fields, session)) {
      const sentence =
        'This form was not one of this admin center. Open the page again, and send it from there.';
      return renderReply(403, renderProblem('Refused', sentence));
    }
    if (name === 'sign-out') return redirect(HOME, this.#sessions.end(session));
    try {
      const done = name === 'init' ? this.#init() : await this.#act(name, fields, session);
      session.notice = done.notice === null ? null : { tone: 'done', text: done.notice };
      return redirect(done.to.startsWith('/sign-in') ? done.to : `${HOME}${done.to}`);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      session.notice = { tone: 'refused', text };
      return redirect(this.#findWayBack(request));
    }
  }

  /** Two proofs: where the form was, and the text that only these pages have. */
  #isOwnForm({ headers }: Request, fields: URLSearchParams, session: AdminSession): boolean {
    const isOwn = headers.origin === undefined || headers.origin === this.#provider.origin;
    return isOwn && isSameSecret(fields.get('csrf') ?? '', session.csrf);
  }

  #findWayBack({ headers: { referer = '' } }: Request): string {
    const { origin } = this.#provider;
    return referer.startsWith(`${origin}${HOME}/`) ? referer.slice(origin.length) : HOME;
  }

  #init(): Done {
    this.#directory.init();
    return { notice: 'Wrote a directory with Alice, Bob and Carol.', to: '/enterprise-apps' };
  }

  async #act(name: string, fields: URLSearchParams, session: AdminSession): Promise<Done> {
    const perform = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (perform === undefined) throw new UsageError('There is no such action.');
    const provider = this.#provider;
    return this.#directory.change((directory) => perform({ directory, provider, session }, fields));
  }
}

function showInit(session: AdminSession): ReturnType<typeof renderProblem> {
  return renderProblem(
    'No directory yet',
    'There is no directory file.',
    form(session, '/init', html`<button>Write a sample directory</button>`),
  );
}

function serveStyle(): Reply {
  const body = readFileSync(path.join(import.meta.dirname, 'assets', STYLE));
  return { status: 200, headers: { ...PAGE_HEADERS, 'content-type': 'text/css; charset=utf-8' }, body };
}
