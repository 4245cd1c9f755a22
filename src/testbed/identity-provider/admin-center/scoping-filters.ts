// *Scoping filters* of the two mappings: which of the assigned users and groups are pushed.
import { UsageError, readCondition, setGroupScope } from '../directory-verbs.ts';
import { html, type Html } from '../../pages/html.ts';
import { form, selectField, textField } from './layout.ts';
import type { Done, Visit } from './visit.ts';

const same = (...words: readonly string[]): readonly (readonly [string, string])[] =>
  words.map((one) => [one, one]);

export function renderUserScope({ directory, session }: Visit): Html {
  const { scoping_filter: filter } = directory.application;
  return html`<section class="card">
    <h2>Scoping filter</h2>
    <p>
      ${filter === null ? 'None: all assigned users are pushed.' : `${filter.attribute} EQUALS ${filter.equals}`}
    </p>
    ${
      filter !== null &&
      form(
        session,
        '/user-scope',
        html`<button class="quiet" name="do" value="delete">Delete the scoping filter</button>`,
      )
    }
    ${form(
      session,
      '/user-scope',
      html`${selectField('Source attribute', 'attribute', same('department', 'jobTitle', 'displayName', 'mail', 'userPrincipalName'))}
        ${selectField('Operator', 'operator', same('EQUALS'))} ${textField('Value', 'value', '')}
        <button>Save scoping filter</button>`,
      'stack',
    )}
    <p class="note">Users outside of it are disabled at the service.</p>
  </section>`;
}

export function saveUserScope({ directory }: Visit, fields: URLSearchParams): Done {
  const isDeletion = fields.get('do') === 'delete';
  const value = (fields.get('value') ?? '').trim();
  if (!isDeletion && value === '') throw new UsageError('The scoping filter needs a value.');
  directory.application.scoping_filter = isDeletion
    ? null
    : readCondition([`${fields.get('attribute') ?? ''}=${value}`]);
  return { notice: 'Saved the scoping filter of users.', to: '/user-mappings' };
}

export function renderGroupScope({ directory, session }: Visit): Html {
  const clauses = directory.application.group_scoping_filter;
  return html`<section class="card">
    <h2>Scoping filter</h2>
    ${clauses.length === 0 && html`<p>None: all assigned groups are pushed.</p>`}
    <ul class="plain">
      ${clauses.map(
        ({ attribute, operator, value }, index) =>
          html`<li>
            ${attribute} ${operator} ${value}
            ${form(
              session,
              '/delete-group-clause',
              html`<input type="hidden" name="index" value="${index}" />
                <button class="quiet">Delete <span class="hidden">the clause ${index + 1}</span></button>`,
            )}
          </li>`,
      )}
    </ul>
    ${form(
      session,
      '/group-scope',
      html`${selectField('Source attribute', 'attribute', same('displayName'))}
        ${selectField('Operator', 'operator', same('NOT EQUALS', 'EQUALS'))}
        ${textField('Value', 'value', '')} <button>Add new scoping filter</button>`,
      'stack',
    )}
    <p class="note">
      A group is pushed if every clause holds: exclude a parent group with <em>NOT EQUALS</em> and its name.
      The users of a group that is left out stay in scope.
    </p>
  </section>`;
}

export function addGroupClause({ directory }: Visit, fields: URLSearchParams): Done {
  const operator = fields.get('operator') === 'EQUALS' ? '=' : '!=';
  const added = `displayName${operator}${(fields.get('value') ?? '').trim()}`;
  setGroupScope(directory, [...writeClauses(directory), added]);
  return { notice: 'Saved the scoping filter of groups.', to: '/group-mappings' };
}

export function deleteGroupClause({ directory }: Visit, fields: URLSearchParams): Done {
  const index = Number(fields.get('index'));
  setGroupScope(
    directory,
    writeClauses(directory).filter((_, at) => at !== index),
  );
  return { notice: 'Saved the scoping filter of groups.', to: '/group-mappings' };
}

function writeClauses({ application }: Visit['directory']): readonly string[] {
  return application.group_scoping_filter.map(
    ({ attribute, operator, value }) => `${attribute}${operator === 'EQUALS' ? '=' : '!='}${value}`,
  );
}
