// The policies that groups carry, as a choice on a page and as it comes back.
import { html, type Html } from '../../pages/html.ts';
import { POLICIES } from '../../policy-groups.ts';
import { ScimError } from '../../protocol/scim-error.ts';

/** A choice of policies. @param prefix tells this choice from others on the page. */
export function renderPolicies(prefix: string, attached: readonly string[]): Html {
  return html`<fieldset class="choices">
    <legend class="${prefix === 'pushed' && html`hidden`}">Policies</legend>
    ${POLICIES.map(
      (policy) =>
        html`<label for="${prefix}-${policy}"
          ><input
            type="checkbox"
            id="${prefix}-${policy}"
            name="policy"
            value="${policy}"
            ${attached.includes(policy) && html`checked`}
          />
          ${policy}</label
        >`,
    )}
  </fieldset>`;
}

export function renderTags(policies: readonly string[]): Html {
  if (policies.length === 0) return html`<span class="faint">none</span>`;
  return html`${policies.map((policy) => html`<span class="tag">${policy}</span> `)}`;
}

/** @throws ScimError 400 for a policy that there is not. */
export function readPolicies(fields: URLSearchParams): string[] {
  const policies = fields.getAll('policy');
  const unknown = policies.find((policy) => !POLICIES.includes(policy));
  if (unknown !== undefined) throw new ScimError(400, 'invalidValue', `There is no policy ${unknown}.`);
  return policies;
}
