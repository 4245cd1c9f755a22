// *Provision on demand* with its steps, and *Provisioning logs*.
import { findSubject, provisionOnDemand, summarise } from '../entra/on-demand.ts';
import { appendLog, readLog } from '../provisioning-log.ts';
import { html, type Html } from '../../pages/html.ts';
import { form, includesText, searchBar, table, textField } from './layout.ts';
import type { Done, Page, Visit } from './visit.ts';

const TONES = { success: 'good', failure: 'bad', skipped: '' } as const;

export function showOnDemand({ session }: Visit): Page {
  const { onDemand } = session.drafts;
  return {
    section: 'provision-on-demand',
    isOfApplication: true,
    title: 'Provision on demand',
    body: html`${form(
      session,
      '/provision-on-demand',
      html`${textField('Select a user or group', 'name', onDemand?.name ?? '')}
        <p class="note">A user principal name such as alice@example.com, or the name of a group.</p>
        <button>Provision</button>`,
      'stack card',
    )}
    ${
      onDemand !== null &&
      html`<h2>${onDemand.name}</h2>
        ${table(
          'Steps',
          ['Step', 'Status', 'Details'],
          onDemand.steps.map(({ title, outcome, detail }) => [title, tag(outcome), detail]),
          '',
        )}`
    }`,
  };
}

export async function provision(
  { directory, session, provider }: Visit,
  fields: URLSearchParams,
): Promise<Done> {
  const name = (fields.get('name') ?? '').trim();
  const steps = await provisionOnDemand(directory, findSubject(directory, name));
  session.drafts.onDemand = { name, steps };
  appendLog(provider.file, 'on demand', [summarise(name, steps)]);
  return { notice: null, to: '/provision-on-demand' };
}

export function showLogs({ provider, directory }: Visit, query: URLSearchParams): Page {
  const outcome = query.get('status') ?? '';
  const entries = readLog(provider.file).filter(
    (entry) =>
      (outcome === '' || entry.outcome === outcome) &&
      includesText(query, entry.object, entry.detail, entry.action),
  );
  const nameOf = new Map(
    [...directory.users, ...directory.groups].map((one) => [
      one.object_id,
      'userPrincipalName' in one ? one.userPrincipalName : one.displayName,
    ]),
  );
  return {
    section: 'provisioning-logs',
    isOfApplication: true,
    title: 'Provisioning logs',
    body: html`${searchBar(
      query,
      html`<label for="status">Status</label>
        <select id="status" name="status">
          ${[
            ['', 'All'],
            ['success', 'Success'],
            ['failure', 'Failure'],
            ['skipped', 'Skipped'],
          ].map(
            ([value = '', words = '']) =>
              html`<option value="${value}" ${value === outcome && html`selected`}>${words}</option>`,
          )}
        </select>`,
    )}
    ${table(
      'Provisioning logs',
      ['Identity', 'Action', 'Status', 'Reason', 'Cycle', 'Date'],
      entries.map(({ object, action, outcome: how, status, detail, cycle, at }) => [
        nameOf.get(object) ?? object,
        action,
        tag(how),
        `${status === null ? '' : `${status}: `}${detail}`,
        cycle,
        html`<time datetime="${at}">${at.slice(0, 19).replace('T', ' ')}</time>`,
      ]),
      'There are no entries.',
    )}`,
  };
}

function tag(outcome: keyof typeof TONES): Html {
  return html`<span class="tag ${TONES[outcome]}">${outcome}</span>`;
}
