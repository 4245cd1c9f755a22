// The template tag, which alone stands between what strangers wrote and a page.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html } from '../../../../src/testbed/pages/html.ts';

describe('the template tag', () => {
  it('lets no character through that ends a text or a quoted attribute', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const made = html`<p title="${text}">${text}</p>`.toString();
        expect(made.match(/[<>"]/g)).toHaveLength(6);
        expect(made).not.toContain("'");
      }),
    );
  });

  it('takes its own markup as it is, and nothing that only looks like it', () => {
    const items = [1, 2].map((n) => html`<li>${n}</li>`);
    const list = html`<ul title="${null}${false}">
      ${items}
    </ul>`;
    expect(list.toString().replaceAll(/\s*\n\s*/g, '')).toBe('<ul title=""><li>1</li><li>2</li></ul>');
    const forged = { toString: () => '<b>' } as unknown as string;
    expect(() => html`<p>${forged}</p>`).toThrow(TypeError);
  });
});
