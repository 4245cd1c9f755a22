// *Provisioning*: *Connect your application*, *Provisioning Status*, and cycles that begin at once.
import { UsageError } from '../directory-verbs.ts';
import type { Directory } from '../directory.ts';
import { testConnection } from '../entra/cycle.ts';
import { startCycle, switchProvisioning } from '../entra/start-cycle.ts';
import { writeStatus } from '../entra/status.ts';
import { appendLog } from '../provisioning-log.ts';
import { html, type Html } from '../../pages/html.ts';
import { HOME, form, textField } from './layout.ts';
import type { Done, Page, Visit } from './visit.ts';

const SECTION = { section: 'provisioning', isOfApplication: true } as const;

export function showProvisioning(visit: Visit): Page {
  const { application } = visit.directory;
  return {
    ...SECTION,
    title: 'Provisioning',
    body:
      application.tenant_url === ''
        ? html`<section class="card">
            <h2>Create configuration</h2>
            <p><a class="button" href="${HOME}/connectivity">Connect your application</a></p>
          </section>`
        : showConfigured(visit),
  };
}

function showConfigured({ directory, session, provider }: Visit): Html {
  const { application } = directory;
  const isOn = application.provisioning !== 'off';
  const every = provider.cycleEvery;
  return html`<section class="card">
      ${form(
        session,
        '/provisioning-status',
        html`<input type="hidden" name="state" value="${isOn ? 'off' : 'on'}" />
          <button
            class="switch"
            role="switch"
            aria-checked="${String(isOn)}"
            aria-labelledby="status-label"
          ></button>
          <span>
            <span class="words" id="status-label">Provisioning Status</span>
            <span class="note"
              >${application.provisioning === 'quarantine' ? 'On, in quarantine' : isOn ? 'On' : 'Off'}</span
            >
          </span>`,
        'switching',
      )}
      <p class="note">
        ${
          every === null
            ? html`There are no automatic cycles here.`
            : html`While it is on, a cycle begins every ${every} seconds. (Entra: every 40 minutes.)`
        }
      </p>
      <pre>${writeStatus(directory)}</pre>
      <div class="bar">
        ${form(session, '/start-cycle', html`<button>Start provisioning cycle</button>`)}
        ${form(session, '/restart-provisioning', html`<button>Restart provisioning</button>`)}
        <a class="button" href="${HOME}/provision-on-demand">Provision on demand</a>
      </div>
    </section>
    <section class="card">
      <h2>Connectivity</h2>
      <dl>
        <dt>Tenant URL</dt>
        <dd>${application.tenant_url}</dd>
      </dl>
      <p><a class="button" href="${HOME}/connectivity">Edit</a></p>
    </section>
    <section class="card">
      <h2>Mappings</h2>
      <p><a href="${HOME}/attribute-mapping">Attribute Mapping (Preview)</a></p>
    </section>`;
}

export function showConnectivity({ directory: { application }, session }: Visit): Page {
  const { url, token } = session.drafts.connection ?? {
    url: application.tenant_url,
    token: application.secret_token,
  };
  const isNew = application.tenant_url === '';
  return {
    ...SECTION,
    title: isNew ? 'New provisioning configuration' : 'Connectivity',
    body: form(
      session,
      '/connectivity',
      html`<h2>Admin credentials</h2>
        ${textField('Tenant URL', 'url', url, 'url')} ${textField('Secret token', 'token', token, 'password')}
        <p class="note">
          <code>?aadOptscim062020</code> at the end of the Tenant URL chooses the compliant form of PATCH.
        </p>
        <div class="bar">
          <button name="do" value="test" class="quiet">Test connection</button>
          <button name="do" value="save">${isNew ? 'Create' : 'Save'}</button>
        </div>`,
      'stack card',
    ),
  };
}

/** *Test connection* keeps what was typed; *Create* tests too, and keeps it in the application. */
export async function connect(visit: Visit, fields: URLSearchParams): Promise<Done> {
  const { directory, session } = visit;
  const [url, token] = ['url', 'token'].map((name) => (fields.get(name) ?? '').trim()) as [string, string];
  session.drafts.connection = { url, token };
  if (!URL.canParse(url)) throw new UsageError(`The Tenant URL "${url}" is no URL.`);
  if (token === '') throw new UsageError('The Secret token is missing.');
  const application = { ...directory.application, tenant_url: url, secret_token: token };
  try {
    await testConnection({ ...directory, application });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`Testing connection failed: ${why}`);
  }
  if (fields.get('do') !== 'save') {
    const text = 'Testing connection: the supplied credentials are authorized to enable provisioning.';
    return { notice: text, to: '/connectivity' };
  }
  session.drafts.connection = null;
  Object.assign(directory.application, { tenant_url: url, secret_token: token });
  return { notice: 'The provisioning configuration was saved.', to: '/provisioning' };
}

export async function changeStatus(visit: Visit, fields: URLSearchParams): Promise<Done> {
  const state = fields.get('state') === 'on' ? 'on' : 'off';
  checkConfigured(visit.directory);
  const isStart = switchProvisioning(visit.directory, state);
  const words = `Provisioning Status is ${state === 'on' ? 'On' : 'Off'}.`;
  return { notice: isStart ? `${words} ${await runNow(visit)}` : words, to: '/provisioning' };
}

export async function startNow(visit: Visit): Promise<Done> {
  checkConfigured(visit.directory);
  if (visit.directory.application.provisioning === 'off') {
    throw new UsageError('The Provisioning Status is Off: set it to On.');
  }
  return { notice: await runNow(visit), to: '/provisioning' };
}

export async function restart(visit: Visit): Promise<Done> {
  checkConfigured(visit.directory);
  switchProvisioning(visit.directory, 'restart');
  return { notice: await runNow(visit), to: '/provisioning' };
}

function checkConfigured({ application }: Directory): void {
  if (application.tenant_url === '') throw new UsageError('Choose Connect your application first.');
}

/** @returns how the cycle went, in a sentence. */
async function runNow({ directory, provider }: Visit): Promise<string> {
  const { sort, log } = await startCycle(directory, false);
  appendLog(provider.file, sort, log);
  const failed = log.filter((line) => line.outcome === 'failure').length;
  const more = failed === 0 ? '' : ' The Provisioning logs have the reasons.';
  return `The ${sort} cycle is complete: ${log.length - failed} done, ${failed} failed.${more}`;
}
