// A follower whose every start of a program is counted, and that ends with SIGKILL in front of the one that a test chose.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FOLLOWER, type PublishRig } from './publish-rig.ts';

/** Each ends all processes of the follower in front of its N-th start of a program, where N, or its name, is in `at`. */
const SHIM = `#!/bin/sh
n=1
until (set -C; echo "\${0##*/}" >"$STEPS/$n") 2>/dev/null; do n=$((n + 1)); done
if [ -e "$STEPS/at" ] && read -r at <"$STEPS/at"; then
  case $at in "$n" | "\${0##*/}") kill -KILL -1; exit ;; esac
fi
PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec "\${0##*/}" "$@"
`;
const PROGRAMS =
  'cat chgrp chmod cp cut date dd grep ln mkdir mv nscd readlink rm sed sha256sum sleep sort ssh-keygen stat touch tr uname visudo';

export class KilledFollower {
  private readonly directory: string;
  private readonly script: string;
  private readonly config: string;

  /** @param rig whose follower `pod` it is; it has been configured. */
  constructor(rig: PublishRig) {
    this.directory = path.join(rig.directory, 'killed');
    this.config = path.join(rig.directory, 'pod/follower.conf');
    const shims = path.join(this.directory, 'shims');
    mkdirSync(shims, { recursive: true });
    for (const name of PROGRAMS.split(' ')) {
      writeFileSync(path.join(shims, name), SHIM);
      chmodSync(path.join(shims, name), 0o755);
    }
    cpSync(path.dirname(FOLLOWER), path.join(this.directory, 'script'), { recursive: true });
    this.script = path.join(this.directory, 'script', path.basename(FOLLOWER));
    const text = readFileSync(this.script, 'utf8');
    writeFileSync(this.script, text.replace(/^PATH=.*$/m, `PATH=${shims}:/usr/sbin:/usr/bin:/sbin:/bin`));
  }

  /**
   * One attempt.
   * @param at the number of the start, from 1, or the name of the program; null: it is left alive.
   * @returns the programs that it started, in their order.
   */
  run(at: number | string | null): string[] {
    const steps = path.join(this.directory, 'steps');
    rmSync(steps, { recursive: true, force: true });
    mkdirSync(steps);
    writeFileSync(path.join(steps, 'at'), `${at ?? 'none'}\n`);
    // The first process of a namespace is spared by kill -1.
    const own = ['--pid', '--fork', '--mount-proc', '--kill-child', 'sh', '-c', 'sh "$1" --once "$2"; :'];
    spawnSync('unshare', [...own, 'sh', this.script, this.config], {
      env: { ...process.env, STEPS: steps },
      timeout: 60_000,
    });
    const count = readdirSync(steps).length - 1;
    return Array.from({ length: count }, (_, n) =>
      readFileSync(path.join(steps, String(n + 1)), 'utf8').trim(),
    );
  }
}
