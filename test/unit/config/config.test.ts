import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { parseConfig } from '../../../src/config/config.ts';
import { parseDuration } from '../../../src/config/types.ts';
import { AgentError } from '../../../src/common/errors.ts';
import { EXAMPLE, renderConfig } from '../../../src/cli/init/config-text.ts';
import { makeAnyText } from '../../support/records/any-text.ts';
import { propertyRuns } from '../../support/property-runs.ts';

const MINIMAL = 'scim:\n  base_url: https://store.example/scim/org\n';

function refusal(text: string): string {
  try {
    parseConfig(text, 'config.yaml');
  } catch (error) {
    if (error instanceof AgentError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'accepted';
}

describe('the configuration', () => {
  test('needs only the base URL; everything else has a default, and no user may log in', () => {
    const config = parseConfig(MINIMAL, 'config.yaml');
    expect(config.access.groups).toEqual([]);
    expect(config.keys.max_age).toBe(7 * 86_400);
    expect(config.scim.tokens).toEqual([{ credential: 'scim-token' }]);
  });

  test('names the line and the key of a misspelt key', () => {
    expect(refusal(`${MINIMAL}accounts:\n  shel: /bin/sh\n`)).toBe(
      'config_invalid: config.yaml:4: accounts.shel: no such key',
    );
  });

  test('names the line, the key and what was expected of a wrong value', () => {
    expect(refusal(`${MINIMAL}keys:\n  max_age: soon\n`)).toContain('config.yaml:4: keys.max_age: ');
    expect(refusal(`${MINIMAL}keys:\n  rsa_bits: 1024\n`)).toContain('config.yaml:4: keys.rsa_bits: ');
  });

  test('says so when the base URL is missing', () => {
    expect(refusal('mode: enforce\n')).toContain('scim');
  });

  test.each([
    ['http://store.example/scim', 'an https:// URL'],
    ['ftp://store.example', 'an https:// URL'],
    ['https://u:p@store.example/scim', 'without user'],
    ['https://store.example/scim?x=1', 'without user, query or fragment'],
    ['nonsense', 'an https:// URL'],
  ])('refuses the base URL %s', (url, expected) => {
    expect(refusal(`scim:\n  base_url: ${url}\n`)).toContain(expected);
  });

  test('accepts plain http to this machine only', () => {
    for (const host of ['127.0.0.1:8080', '[::1]:8080', 'localhost']) {
      expect(refusal(`scim:\n  base_url: http://${host}/scim/x\n`)).toBe('accepted');
    }
    expect(refusal('scim:\n  base_url: http://127.0.0.1.example.com/\n')).not.toBe('accepted');
  });

  test('refuses a file that is not YAML, names a key twice, or uses aliases to grow without end', () => {
    expect(refusal('scim: [')).toContain('config.yaml:1: not YAML');
    expect(refusal(`${MINIMAL}mode: observe\nmode: enforce\n`)).toContain('config.yaml:4');
    expect(refusal(`a: &a [x]\nb: *a\n${MINIMAL}`)).not.toBe('accepted');
  });

  test('accepts a duration with a unit, and nothing else', () => {
    expect(parseDuration('90s')).toBe(90);
    expect(parseDuration('2h')).toBe(7200);
    for (const text of ['', '5', '-5m', '5 m', '1w', '1.5h', '5m\n']) expect(parseDuration(text)).toBeNull();
  });

  test('answers any text with a configuration or a refusal, never with another error', () => {
    fc.assert(
      fc.property(makeAnyText(200), (text) => {
        expect(refusal(`${MINIMAL}${text}`)).toMatch(/^(accepted|config_invalid: )/);
      }),
      { numRuns: propertyRuns(100, 20_000) },
    );
  });
});

test('a file that names no store yet, as the package installs it, points to init; any other fault to the line', () => {
  const hintOf = (text: string) => {
    try {
      parseConfig(text, 'config.yaml');
    } catch (error) {
      return error instanceof AgentError ? error.hint : null;
    }
    return 'sound';
  };
  for (const text of [renderConfig(EXAMPLE), 'mode: observe\n', 'scim:\n'])
    expect(hintOf(text)).toBe('run sunk-agent init, which writes it');
  expect(hintOf('scim: { base_url: "ftp://x" }\n')).toMatch(/^correct that line/);
  expect(hintOf('mode: odd\n')).toMatch(/^correct that line/);
});
