// The Entra admin center for rehearsal: who may come in, which page or action a request means, and how a refusal is shown.
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Reply, Request } from '../../exchange.ts';
import { PAGE_HEADERS, redirect, renderReply } from '../../pages/page-reply.ts';
import { html } from '../../pages/html.ts';
import { UsageError } from '../directory-verbs.ts';
import { holdDirectory } from '../directory-lock.ts';
import { loadDirectory, saveDirectory, type Directory } from '../directory.ts';
import { makeSampleDirectory } from '../sample-directory.ts';
import { HOME, form, renderPage, renderProblem, renderSignIn } from './layout.ts';
import { ACTIONS, PAGES } from './routes.ts';
import { createAdminSessions, isSameSecret } from './sessions.ts';
import type { Act, AdminSession, Done, IdentityProvider, Notice, ShowPage, Visit } from './visit.ts';

export interface AdminCenter {
  /** Signs the visitor in who follows it. */
  readonly link: string;
  /** Answers a request below `/admin-center`. */
  answer(request: Request): Promise<Reply>;
}

const ASSETS: Readonly<Record<string, string>> = {
  'admin-center.css': 'text/css; charset=utf-8',
  'admin-center.js': 'text/javascript; charset=utf-8',
};

export function createAdminCenter(provider: IdentityProvider): AdminCenter {
  const { host, port } = new URL(provider.origin);
  const sessions = createAdminSessions(port);
  const openDirectory = cacheDirectory(provider.file);

  async function answer(request: Request): Promise<Reply> {
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const name = request.segments.slice(1).join('/');
    if (request.headers.host !== host)
      return renderReply(421, renderProblem('Refused', `The admin center is at ${provider.origin}.`));
    const type = ASSETS[name];
    if (type !== undefined) return serveAsset(name, type);
    const session = sessions.find(request);
    if (`${method} ${name}` === 'GET start') return signIn(request.query.get('key') ?? '');
    const fields = new URLSearchParams(request.body.toString('utf8'));
    if (`${method} ${name}` === 'POST sign-in') return signIn(fields.get('key') ?? '');
    if (session === null) return renderReply(401, renderSignIn(null));
    if (method === 'POST') return post(request, name, fields, session);
    if (name === '') return redirect(`${HOME}/enterprise-apps`);
    if (!existsSync(provider.file)) return renderReply(200, showInit(session));
    const show = Object.hasOwn(PAGES, name) ? PAGES[name] : undefined;
    if (show === undefined) return renderReply(404, renderProblem('Not found', 'There is no such page.'));
    return showPage(show, session, request.query);
  }

  function signIn(key: string): Reply {
    const cookie = sessions.begin(key);
    if (cookie !== null) return redirect(`${HOME}/enterprise-apps`, cookie);
    return renderReply(403, renderSignIn('This key is wrong, or of an earlier start.'));
  }

  function showPage(show: ShowPage, session: AdminSession, query: URLSearchParams): Reply {
    const visit: Visit = { directory: openDirectory(), provider, session };
    const page = show(visit, query);
    if (page.isOfApplication && !visit.directory.application.created) {
      return redirect(`${HOME}/enterprise-apps`);
    }
    const { notice } = session;
    session.notice = null;
    return renderReply(200, renderPage(page, visit, notice));
  }

  async function post(
    request: Request,
    name: string,
    fields: URLSearchParams,
    session: AdminSession,
  ): Promise<Reply> {
    const { origin, referer = '' } = request.headers;
    const isOwn = origin === undefined || origin === provider.origin;
    if (!isOwn || !isSameSecret(fields.get('csrf') ?? '', session.csrf)) {
      const sentence =
        'This form was not one of this admin center. Open the page again, and send it from there.';
      return renderReply(403, renderProblem('Refused', sentence));
    }
    if (name === 'sign-out') return redirect(HOME, sessions.end(session));
    const wayBack = referer.startsWith(`${provider.origin}${HOME}/`)
      ? referer.slice(provider.origin.length)
      : HOME;
    try {
      const done = name === 'init' ? init() : await act(name, fields, session);
      session.notice = done.notice === null ? null : { tone: 'done', text: done.notice };
      return redirect(done.to.startsWith('/sign-in') ? done.to : `${HOME}${done.to}`);
    } catch (error) {
      session.notice = {
        tone: 'refused',
        text: error instanceof Error ? error.message : String(error),
      } satisfies Notice;
      return redirect(wayBack);
    }
  }

  function init(): Done {
    if (existsSync(provider.file)) throw new UsageError('There is a directory already.');
    saveDirectory(provider.file, makeSampleDirectory());
    return { notice: 'Wrote a directory with Alice, Bob and Carol.', to: '/enterprise-apps' };
  }

  /** A refused input changes nothing; what failed in the middle is kept as far as it went. */
  async function act(name: string, fields: URLSearchParams, session: AdminSession): Promise<Done> {
    const perform: Act | undefined = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (perform === undefined) throw new UsageError('There is no such action.');
    return holdDirectory(provider.file, async () => {
      const directory = loadDirectory(provider.file);
      try {
        const done = await perform({ directory, provider, session }, fields);
        saveDirectory(provider.file, directory);
        return done;
      } catch (error) {
        if (!(error instanceof UsageError)) saveDirectory(provider.file, directory);
        throw error;
      }
    });
  }

  return {
    link: `${provider.origin}${HOME}/start?key=${sessions.key}`,
    async answer(request) {
      try {
        return await answer(request);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        return renderReply(error instanceof UsageError ? 404 : 500, renderProblem('Refused', why));
      }
    },
  };
}

/** Read again when the file is another one: every save renames a new file to its name. */
function cacheDirectory(file: string): () => Directory {
  let known: { readonly stamp: string; readonly directory: Directory } | null = null;
  return () => {
    const { ino, mtimeMs, size } = statSync(file);
    const stamp = [ino, mtimeMs, size].join();
    if (known?.stamp !== stamp) known = { stamp, directory: loadDirectory(file) };
    return known.directory;
  };
}

function showInit(session: AdminSession): ReturnType<typeof renderProblem> {
  return renderProblem(
    'No directory yet',
    'There is no directory file.',
    form(session, '/init', html`<button>Write a sample directory</button>`),
  );
}

function serveAsset(name: string, type: string): Reply {
  const body = readFileSync(path.join(import.meta.dirname, 'assets', name));
  return { status: 200, headers: { ...PAGE_HEADERS, 'content-type': type }, body };
}
