import { describe, expect, it } from 'vitest';
import { judgeTools } from '../../../../../src/diagnose/why/submit/judge-tools.ts';
import { ANSWER, said } from '../../../../support/slurm/submit-facts.ts';

describe('what the commands of Slurm need here', () => {
  it('is there', () => expect(judgeTools(ANSWER)).toBeNull());

  it.each([
    ['spawn sbatch ENOENT', 'submit-no-sbatch', 'slurm-client'],
    ['spawn sbatch EACCES', 'submit-no-sbatch', 'chmod a+rx "$(command -v sbatch)"'],
    ['Could not establish a configuration source', 'submit-no-config', 'SLURM_CONF_SERVER'],
    [
      's_p_parse_file: unable to read "/etc/slurm/slurm.conf": Permission denied',
      'submit-no-config',
      'chmod a+r /etc/slurm/slurm.conf',
    ],
    ['_parse_next_key: Parsing error at unrecognized key: X', 'submit-no-config', 'the cluster’s slurm.conf'],
    [
      'Munge encode failed: Failed to access "/run/munge/s": Permission denied',
      'submit-munge',
      'chmod a+rx /run/munge && chmod a+rwx /run/munge/s',
    ],
    [
      'Munge encode failed: Failed to access "/run/munge/s": No such file or directory',
      'submit-munge',
      'systemctl enable --now munge',
    ],
    ['Protocol authentication error', 'submit-munge', 'unmunge'],
  ])('is missing: %s', (words, code, fix) => {
    const verdict = judgeTools(said(words));
    expect(verdict).toMatchObject({ code, level: 'error', owner: 'operator' });
    expect(verdict?.howToFix).toContain(fix);
  });

  it('does not say whether the key or the clock differs, which only the other host tells', () => {
    expect(judgeTools(said('Protocol authentication error'))?.detail).toContain('not known here');
  });

  // The round cannot be made without munge either, so munge is what is named.
  it('is munge where slurmdbd says so alone', () => {
    const answer = { ...said('x'), associations: { fault: 'Munge encode failed' } };
    expect(judgeTools(answer)?.code).toBe('submit-munge');
  });
});
