// The configuration that is installed does nothing, and works once the commented lines are filled in.
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/config.ts';
import { EXAMPLE, renderConfig } from '../../../src/cli/init/config-text.ts';

const example = renderConfig(EXAMPLE);

describe('the example configuration', () => {
  it('is refused as long as the store is not named', () => {
    expect(() => parseConfig(example, 'config.yaml')).toThrow(/scim/);
  });

  it('observes once it is named, and grants no access', () => {
    const config = parseConfig(example.replace('# base_url:', 'base_url:'), 'config.yaml');
    expect(config.mode).toBe('observe');
    expect(config.access.groups).toEqual([]);
  });

  it('takes the lines that it shows in comments', () => {
    const text = example
      .replace('# base_url:', 'base_url:')
      .replace('groups: []\n  #  - name', 'groups:\n    - name');
    expect(parseConfig(text, 'config.yaml').access.groups).toEqual([{ name: 'slurm-users', id: null }]);
  });
});
