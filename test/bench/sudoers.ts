// The file of 10,000 members of a sudo group: rendered, checked by visudo(8), on the disk.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSudoers, writeSudoers } from '../../src/host/sudo/sudoers.ts';
import { renderSudoers } from '../../src/policy/sudoers.ts';
import { makeRow, median, type Row } from './row.ts';

const MEMBERS = 10_000;
const TURNS = 21;

/** Needs sudo. */
export function benchSudoers(): Row[] {
  const root = mkdtempSync(path.join(tmpdir(), 'bench-sudoers-'));
  try {
    mkdirSync(path.join(root, 'etc/sudoers.d'), { recursive: true });
    const samples = Array.from({ length: TURNS }, (_, turn) => {
      const uids = Array.from({ length: MEMBERS }, (__, index) => 20_000 + turn + index);
      const began = performance.now();
      writeSudoers(root, renderSudoers(uids, new Map()));
      return performance.now() - began;
    });
    if (readSudoers(root).split('\n').length !== MEMBERS + 2) throw new Error('not every member has a rule');
    execFileSync('visudo', ['-c', '-f', path.join(root, 'etc/sudoers.d/sunk-agent')], { stdio: 'pipe' });
    const measured = median(samples);
    return [
      makeRow({
        bench: 'sudoers',
        row: 'write-10k-ms',
        unit: 'ms',
        measured,
        samples,
        reference: null,
        goal: 100,
      }),
    ];
  } finally {
    rmSync(root, { recursive: true });
  }
}
