// The configuration that init writes has the choices, for any names.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseConfig } from '../../../../src/config/config.ts';
import { renderConfig } from '../../../../src/cli/init/config-text.ts';

const text = fc.string({ minLength: 1, unit: 'grapheme' });
const group = fc.record({ name: text, id: text });

test('groups and domains are read back as chosen, hostile ones too', () => {
  fc.assert(
    fc.property(
      fc.array(group, { maxLength: 3 }),
      fc.array(group, { maxLength: 3 }),
      fc.array(text, { maxLength: 3 }),
      fc.constantFrom('enforce', 'observe'),
      fc.record({ group_name: text, home: text }, { requiredKeys: [] }),
      (groups, sudoGroups, domains, mode, paths) => {
        const attributes = Object.fromEntries(Object.entries(paths).filter(([, path]) => path !== ''));
        const baseUrl = 'https://store.example.com/scim/ab1cd2';
        const config = parseConfig(
          renderConfig({ mode, baseUrl, groups, sudoGroups, domains, attributes }),
          'test',
        );
        expect(config.access).toEqual({ groups, sudo_groups: sudoGroups, users: [], until: 604_800 });
        expect(config.accounts.domains).toEqual(domains);
        expect(config.scim.attributes).toMatchObject(attributes);
        expect(config.mode).toBe(mode);
        expect(config.scim.base_url).toBe(baseUrl);
      },
    ),
  );
});
