// A publisher, a volume and followers in a temporary directory: the real shell script and the real ssh-keygen.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { PublishedState } from '../../../src/publish/generation.ts';
import { openPublisher, type Publisher, type PublisherSettings } from '../../../src/publish/publisher.ts';
import { PRINCIPAL } from '../../../src/publish/manifest.ts';

const PACKAGING = path.resolve(import.meta.dirname, '../../../packaging/follower');

/** The script that followers run. */
export const FOLLOWER = path.join(PACKAGING, 'follower');

export interface Person {
  readonly name: string;
  readonly uid: number;
  readonly key?: string;
  readonly isDisabled?: boolean;
  readonly hasSudo?: boolean;
  readonly groups?: readonly string[];
}

/** The state of these people as the publisher's files have it. */
export function stateOf(
  people: readonly Person[],
  { ledger = '{}\n', blocks = [] }: Partial<Pick<PublishedState, 'ledger' | 'blocks'>> = {},
): PublishedState {
  const lines = (make: (person: Person) => string): string =>
    people.map((person) => `${make(person)}\n`).join('');
  const groups = new Map<string, string[]>();
  for (const { name, groups: own = [] } of people)
    for (const group of own) groups.set(group, [...(groups.get(group) ?? []), name]);
  return {
    texts: {
      passwd: lines(
        ({ name, uid, isDisabled }) =>
          `${name}:x:${uid}:9999::/home/${name}:${isDisabled === true ? '/usr/sbin/nologin' : '/bin/sh'}`,
      ),
      group: `sunk-users:x:9999:\n${[...groups]
        .map(([name, members], n) => `${name}:x:${20_000 + n}:${members.join(',')}\n`)
        .join('')}`,
      shadow: lines(({ name, isDisabled }) => `${name}:!:19000::::${isDisabled === true ? ':1:' : '::'}`),
    },
    keyFiles: new Map(
      people.flatMap(({ name, key, isDisabled }) =>
        isDisabled === true ? [] : [[name, `${key ?? `ssh-ed25519 AAAA${name} ${name}`}\n`]],
      ),
    ),
    sudoers: people
      .flatMap(({ uid, hasSudo }) => (hasSudo === true ? [`#${uid} ALL=(ALL:ALL) NOPASSWD: ALL\n`] : []))
      .join(''),
    ledger,
    blocks,
  };
}

/** As Debian has it. */
const SUDOERS = `# This file MUST be edited with visudo; %nothing here.
Defaults\tenv_reset, secure_path="/usr/local/sbin:/usr/sbin:/sbin:/bin"
root\tALL=(ALL:ALL) ALL
%sudo\tALL=(ALL:ALL) ALL
@includedir /etc/sudoers.d
`;

export interface FollowerAnswer {
  readonly status: number | null;
  /** What it logged. */
  readonly log: string;
}

export class PublishRig {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'publish-'));
  readonly volume: string;
  readonly key = path.join(this.directory, 'key');
  readonly nextKey = path.join(this.directory, 'next-key');
  readonly operatorKey = path.join(this.directory, 'operator-key');
  private clock = Math.floor(Date.now() / 1000);

  /** @param volume where a publisher of its own writes; else it has one. */
  constructor(volume?: string) {
    this.volume = volume ?? path.join(this.directory, 'volume');
    for (const key of [this.key, this.nextKey, this.operatorKey])
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', key]);
    const line = (key: string, who: string, purpose: string): string =>
      `${who} namespaces="${purpose}" ${readFileSync(`${key}.pub`, 'utf8')}`;
    writeFileSync(
      path.join(this.directory, 'publishers'),
      [this.key, this.nextKey].map((key) => line(key, PRINCIPAL, 'sunk-agent-generation')).join(''),
    );
    writeFileSync(
      path.join(this.directory, 'operators'),
      line(this.operatorKey, 'operator', 'sunk-agent-block'),
    );
    writeFileSync(path.join(this.directory, 'passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
    writeFileSync(path.join(this.directory, 'group'), 'root:x:0:\nsudo:x:27:\n');
    writeFileSync(path.join(this.directory, 'sudoers'), SUDOERS);
    mkdirSync(path.join(this.directory, 'sudoers.d'));
    mkdirSync(this.volume, { recursive: true });
  }

  /** @param name whose memory it has; another name is another publisher. */
  publisher(settings: Partial<PublisherSettings> = {}, name = 'publisher'): Publisher {
    const all = { directory: this.volume, key: this.key, notAfter: 86_400, resign: 600, ...settings };
    return openPublisher(all, path.join(this.directory, `${name}.json`), this.directory);
  }

  /** Publishes what these people make, a second after the last. */
  publish(people: readonly Person[], publisher: Publisher = this.publisher()): number {
    this.clock += 1;
    return publisher.publish(stateOf(people), 'abc123', this.clock).serial;
  }

  /** The follower's own directory. */
  run(name = 'pod'): string {
    return path.join(this.directory, name, 'run');
  }

  /**
   * One attempt of a follower, with processes of its own, so that it ends none of this machine.
   * @param lines of its configuration.
   * @param script of another build.
   */
  follow(name = 'pod', lines: Readonly<Record<string, string>> = {}, script = FOLLOWER): FollowerAnswer {
    const config = this.configure(name, lines);
    const { status, stderr } = spawnSync(
      'unshare',
      ['--pid', '--fork', '--mount-proc', '--kill-child', 'sh', script, '--once', config],
      { encoding: 'utf8', timeout: 60_000 },
    );
    return { status, log: stderr };
  }

  /** @param lines of the configuration besides the usual ones. @returns its file. */
  configure(name: string, lines: Readonly<Record<string, string>>): string {
    mkdirSync(path.join(this.directory, name), { recursive: true });
    const config = path.join(this.directory, name, 'follower.conf');
    const settings = {
      volume: this.volume,
      run: this.run(name),
      publishers: path.join(this.directory, 'publishers'),
      operators: path.join(this.directory, 'operators'),
      passwd: path.join(this.directory, 'passwd'),
      group: path.join(this.directory, 'group'),
      sudoers: path.join(this.directory, 'sudoers'),
      ...lines,
    };
    const text = Object.entries(settings).map(([key, value]) => `${key}='${value}'\n`);
    writeFileSync(config, text.join(''));
    return config;
  }

  /** What sshd would be told, by the real helper. */
  keys(account: string, uid: number, name = 'pod', home = '/nonexistent'): string {
    const current = path.join(this.run(name), 'current');
    return execFileSync(
      'sh',
      [
        path.join(PACKAGING, 'follower-keys'),
        account,
        String(uid),
        home,
        current,
        path.join(this.run(name), 'denied'),
      ],
      { encoding: 'utf8' },
    );
  }

  read(file: string, name = 'pod'): string {
    return readFileSync(path.join(this.run(name), 'current', file), 'latin1');
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }
}
