import { expect, test } from 'vitest';
import { readValuesSchema, renderValuesSchema } from '../../../packaging/helm/values-schema.ts';

test('the schema of the chart’s values is what the configuration says: npm run chart-schema', () => {
  expect(readValuesSchema()).toBe(renderValuesSchema());
});
