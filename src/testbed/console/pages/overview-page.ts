// *Setup overview*: where an administrator begins. How far the way from nothing to a login is gone, and what is wrong.
import { html, type Html } from '../../pages/html.ts';
import { moment } from '../layout.ts';
import { listAlarms, type Alarm } from '../setup/alarms.ts';
import { listSetupSteps, type SetupStep } from '../setup/steps.ts';
import type { Page, Visit } from '../visit.ts';

const STATES = { done: ['good', 'done'], next: ['now', 'next'], later: ['', 'later'] } as const;

export function showOverview({ workspace, now }: Visit): Page {
  const alarms = listAlarms(workspace, now);
  const steps = listSetupSteps(workspace);
  const done = steps.filter(({ state }) => state === 'done').length;
  return {
    title: 'Setup overview',
    section: 'overview',
    body: html`<div id="alarms" data-live>${alarms.map(renderAlarm)}</div>
      <div id="setup" data-live>
        <p class="lead">${done} of ${steps.length} steps from nothing to a login are done.</p>
        <ol class="steps">
          ${steps.map((step) => renderStep(step, now))}
        </ol>
      </div>`,
  };
}

function renderAlarm({ tone, words, fix, page }: Alarm): Html {
  return html`<div class="notice ${tone}" role="${tone === 'refused' ? 'alert' : 'status'}">
    <p>${words}</p>
    <p>${fix} <a href="/console${page}">Show</a></p>
  </div>`;
}

function renderStep({ title, state, words, next, page, last }: SetupStep, now: number): Html {
  const [tone, label] = STATES[state];
  return html`<li class="card">
    <h2>${title} <span class="tag ${tone}">${label}</span></h2>
    <p>
      ${words} ${last !== null && html`<span class="faint">Last sign of life: ${moment(last, now)}.</span>`}
    </p>
    ${state !== 'done' && html`<p><strong>${state === 'next' ? 'Next' : 'Later'}:</strong> ${next}</p>`}
    <p>
      <a ${state === 'next' && html`class="button"`} href="/console${page}"
        >${state === 'done' ? 'Show' : 'Go to'} ${NAMES[page.split('?')[0] ?? ''] ?? title}</a
      >
    </p>
  </li>`;
}

const NAMES: Readonly<Record<string, string>> = {
  '/saml-sso': 'SAML SSO',
  '/scim-configuration': 'SCIM Configuration',
  '/users': 'Users',
  '/provisioning-log': 'Provisioning log',
  '/login-nodes': 'Login nodes',
};
