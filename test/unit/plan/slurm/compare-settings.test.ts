// What of an account's settings is set, and whether that is more than before.
import { describe, expect, test } from 'vitest';
import { compareSettings } from '../../../../src/plan/slurm/compare-settings.ts';
import type { SlurmAccountSettings } from '../../../../src/plan/changes/slurm.ts';
import type { SlurmAccountRow } from '../../../../src/plan/slurm/slurm-rows.ts';

const ROW: SlurmAccountRow = {
  name: 'ml',
  parent: 'root',
  qos: ['high', 'normal'],
  defaultQos: 'normal',
  fairshare: 2,
  limits: { MaxJobs: '5' },
};
const AS_IT_IS: SlurmAccountSettings = {
  parent: 'root',
  qos: null,
  defaultQos: null,
  fairshare: null,
  limits: {},
};
const compare = (more: Partial<SlurmAccountSettings>, row: Partial<SlurmAccountRow> = {}) =>
  compareSettings({ ...AS_IT_IS, ...more }, { ...ROW, ...row });
const NOTHING = { parent: null, qos: null, defaultQos: null, fairshare: null, limits: {} };

describe('what agrees, or is not managed, is not set', () => {
  test.each<[string, Partial<SlurmAccountSettings>]>([
    ['nothing that is managed', {}],
    ['the same QOS', { qos: ['high', 'normal'] }],
    ['the same default QOS', { defaultQos: 'normal' }],
    ['the same shares', { fairshare: 2 }],
    ['the same limit', { limits: { MaxJobs: '5' } }],
  ])('%s', (_, settings) => expect(compare(settings)).toEqual({ settings: null, raises: false }));
});

describe('one difference is set alone', () => {
  test.each<[string, Partial<SlurmAccountSettings>, boolean]>([
    ['another parent', { parent: 'bio' }, false],
    ['one QOS more', { qos: ['high', 'low', 'normal'] }, true],
    ['one QOS fewer', { qos: ['normal'] }, false],
    ['another default QOS', { defaultQos: 'high' }, false],
    ['more shares', { fairshare: 3 }, true],
    ['fewer shares', { fairshare: 1 }, false],
    ['no shares', { fairshare: 0 }, false],
    ['a higher limit', { limits: { MaxJobs: '6' } }, true],
    ['a lower limit', { limits: { MaxJobs: '4' } }, false],
    ['a limit that was not there', { limits: { GrpJobs: '1' } }, false],
  ])('%s', (_, settings, raises) =>
    expect(compare(settings)).toEqual({ settings: { ...NOTHING, ...settings }, raises }),
  );

  test('shares where Slurm has `parent`, which is no number', () => {
    expect(compare({ fairshare: 1 }, { fairshare: null })).toMatchObject({ raises: true });
    expect(compare({ fairshare: 0 }, { fairshare: null })).toMatchObject({
      settings: { fairshare: 0 },
      raises: false,
    });
  });
});

describe('times', () => {
  const wall = (rule: string, slurm: string) =>
    compare({ limits: { MaxWallDurationPerJob: rule } }, { limits: { MaxWallDurationPerJob: slurm } });

  test.each([
    ['90', '01:30:00'],
    ['90:30', '01:30:30'],
    ['1:30:30', '01:30:30'],
    ['1-2', '1-02:00:00'],
    ['12-2:3', '12-02:03:00'],
    ['1-2:3:4', '1-02:03:04'],
  ])('%s is %s', (rule, slurm) => expect(wall(rule, slurm).settings).toBe(null));

  test.each([
    ['1-0:0:1', '1-00:00:00', true],
    ['23:59:59', '1-00:00:00', false],
    ['1-2', '1-01:59:59', true],
  ])('%s against %s: raises %s', (rule, slurm, raises) =>
    expect(wall(rule, slurm)).toMatchObject({ raises }),
  );

  test('that are none count as more, wherever the number stands', () => {
    for (const odd of ['UNLIMITED', 'x1:00', '1:00x', '1:2:3:4'])
      expect(wall(odd, '01:00:00'), odd).toMatchObject({ raises: true });
  });

  test('are only in limits of time: elsewhere a number is a number', () => {
    const jobs = compare({ limits: { MaxJobs: '60' } }, { limits: { MaxJobs: '3600' } });
    expect(jobs).toMatchObject({ settings: { limits: { MaxJobs: '60' } }, raises: false });
  });
});

test('TRES are compared one by one', () => {
  const tres = (rule: string, slurm: string) =>
    compare({ limits: { GrpTRES: rule } }, { limits: { GrpTRES: slurm } });
  expect(tres('cpu=2,gres/gpu=1', 'gres/gpu=1,cpu=2').settings).toBe(null);
  expect(tres('cpu=1,gres/gpu=1', 'cpu=2,gres/gpu=1').raises).toBe(false);
  expect(tres('cpu=1,gres/gpu=2', 'cpu=2,gres/gpu=1').raises).toBe(true);
  expect(tres('gres/gpu=1', 'cpu=2,gres/gpu=1').raises).toBe(true);
  expect(tres('cpu=2,gres/gpu=1', 'cpu=2').raises).toBe(false);
});

test('TRES that a rule no longer names are taken away one by one, since Slurm keeps what is not named', () => {
  const set = (rule: string, slurm: string) =>
    compare({ limits: { GrpTRES: rule } }, { limits: { GrpTRES: slurm } }).settings?.limits['GrpTRES'];
  expect(set('cpu=9', 'cpu=2,node=1')).toBe('cpu=9,node=-1');
  expect(set('-1', 'cpu=2,gres/gpu=1')).toBe('cpu=-1,gres/gpu=-1');
  expect(set('cpu=2', '-1')).toBe('cpu=2');
  expect(set('cpu=2,node=-1', 'cpu=2')).toBe(undefined);
  expect(compare({ limits: { GrpTRES: 'cpu=9' } }, { limits: { GrpTRES: 'cpu=9,node=1' } }).raises).toBe(
    true,
  );
});
