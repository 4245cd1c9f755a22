// *Attribute Mapping (Preview)*: the mappings of users with *OK* and *Save*, and those of groups.
import { UsageError } from '../directory-verbs.ts';
import { MATCHING, changeMapping } from '../mapping-verbs.ts';
import { html } from '../../pages/html.ts';
import { HOME, form, selectField, table, textField } from './layout.ts';
import { renderGroupScope, renderUserScope } from './scoping-filters.ts';
import type { AdminSession, Done, Page, Visit } from './visit.ts';

const SECTION = { section: 'attribute-mapping', isOfApplication: true } as const;
const ATTRIBUTES = [
  'userPrincipalName',
  'displayName',
  'givenName',
  'surname',
  'mail',
  'jobTitle',
  'department',
  'manager',
];

export function showMappings(): Page {
  return {
    ...SECTION,
    title: 'Attribute Mapping (Preview)',
    body: html`<ul class="plain">
      <li><a href="${HOME}/user-mappings">Provision Microsoft Entra ID Users</a></li>
      <li><a href="${HOME}/group-mappings">Provision Microsoft Entra ID Groups</a></li>
    </ul>`,
  };
}

export function showUserMappings(visit: Visit): Page {
  const { directory, session } = visit;
  const mappings = session.drafts.mappings ?? directory.application.mappings;
  return {
    ...SECTION,
    title: 'Provision Microsoft Entra ID Users',
    body: html`<div class="bar">
        ${form(session, '/save-mappings', html`<button>Save</button>`)}
        ${form(session, '/discard-mappings', html`<button class="quiet">Discard</button>`)}
        ${session.drafts.mappings !== null && html`<span class="tag bad">not saved yet</span>`}
      </div>
      <h2>Attribute Mappings</h2>
      ${table(
        'Attribute Mappings',
        ['Microsoft Entra ID attribute', 'Target attribute', 'Match', 'Remote'],
        Object.entries(mappings).map(([from, to]) => [
          from,
          html`<code>${to}</code>`,
          to === MATCHING ? 'Yes' : 'No',
          form(
            session,
            '/delete-mapping',
            html`<input type="hidden" name="source" value="${from}" />
              <button class="quiet">Delete <span class="hidden">${from}</span></button>`,
          ),
        ]),
        'There are no mappings.',
      )}
      <p><a class="button" href="${HOME}/new-mapping">Add New Mapping</a></p>
      ${renderUserScope(visit)}`,
  };
}

export function showNewMapping({ directory, session }: Visit): Page {
  const sources = [...ATTRIBUTES, ...directory.application.extension_properties];
  const same = (...words: readonly string[]): readonly (readonly [string, string])[] =>
    words.map((one) => [one, one]);
  return {
    ...SECTION,
    title: 'Edit Attribute',
    body: form(
      session,
      '/new-mapping',
      html`${selectField('Mapping type', 'type', same('Direct', 'Constant', 'Expression'))}
        ${selectField('Source attribute', 'source', same(...sources))}
        ${textField('Target attribute', 'target', '')}
        ${selectField('Match objects using this attribute', 'match', same('No', 'Yes'))}
        ${selectField('Apply this mapping', 'apply', same('Always', 'Only during object creation'))}
        <button>OK</button>`,
      'stack card',
    ),
  };
}

export function addMapping(visit: Visit, fields: URLSearchParams): Done {
  for (const [name, label, wanted] of [
    ['type', 'Mapping type', 'Direct'],
    ['match', 'Match objects using this attribute', 'No'],
    ['apply', 'Apply this mapping', 'Always'],
  ] as const) {
    if (fields.get(name) !== wanted)
      throw new UsageError(`${label} must be ${wanted} here, as in the guide.`);
  }
  const target = (fields.get('target') ?? '').trim();
  if (target === '') throw new UsageError('The Target attribute is missing.');
  changeDraft(visit, ['add', fields.get('source') ?? '', target]);
  return { notice: 'The mapping was added. It takes effect with Save.', to: '/user-mappings' };
}

export function deleteMapping(visit: Visit, fields: URLSearchParams): Done {
  const source = fields.get('source') ?? '';
  changeDraft(visit, ['delete', source]);
  return { notice: `The mapping of ${source} was deleted. It takes effect with Save.`, to: '/user-mappings' };
}

/** The verb works on a copy; what it refuses leaves the draft as it was. */
function changeDraft({ directory, session }: Visit, args: readonly string[]): void {
  const mappings = { ...(session.drafts.mappings ?? directory.application.mappings) };
  changeMapping({ ...directory, application: { ...directory.application, mappings } }, args);
  session.drafts.mappings = mappings;
}

/** As in Entra, a change of mappings makes the next cycle an initial one. */
export function saveMappings({ directory, session }: Visit): Done {
  const { mappings } = session.drafts;
  if (mappings === null) return { notice: 'There was nothing to save.', to: '/user-mappings' };
  Object.assign(directory.application, { mappings, watermark: null });
  session.drafts.mappings = null;
  return {
    notice: 'The mappings were saved. The next cycle synchronises all assigned users and groups again.',
    to: '/user-mappings',
  };
}

export function discardMappings({ session }: { readonly session: AdminSession }): Done {
  session.drafts.mappings = null;
  return { notice: 'The changes were discarded.', to: '/user-mappings' };
}

export function showGroupMappings(visit: Visit): Page {
  return {
    ...SECTION,
    title: 'Provision Microsoft Entra ID Groups',
    body: html`<h2>Attribute Mappings</h2>
      ${table(
        'Attribute Mappings',
        ['Microsoft Entra ID attribute', 'Target attribute', 'Match'],
        [
          ['displayName', html`<code>displayName</code>`, 'Yes'],
          ['objectId', html`<code>externalId</code>`, 'No'],
          ['members', html`<code>members</code>`, 'No'],
        ],
        '',
      )}
      ${renderGroupScope(visit)}`,
  };
}
