// thin
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import type { Config } from '../config.ts';
import type { Paths } from '../paths.ts';
import type { ActualAccount, ActualHost } from '../plan/actual.ts';
import type { Change } from '../plan/change.ts';
import type { Binding, DesiredHost, NodeFacts } from '../policy/desired.ts';
import type { GroupEntry } from '../policy/posix.ts';

export type Applied = { change: Change; ok: true } | { change: Change; ok: false; problem: string };
export interface Host {
  facts(bindings: readonly Binding[]): NodeFacts;
  read(bindings: readonly Binding[], desired: DesiredHost): ActualHost;
  apply(changes: readonly Change[]): Promise<Applied[]>;
}

export function openHost({ paths, config }: { paths: Paths; config: Config; log: unknown }): Host {
  const at = (file: string) => path.join(paths.root, file);
  const lines = (file: string): string[] =>
    existsSync(at(file))
      ? readFileSync(at(file), 'utf8')
          .split('\n')
          .filter((l) => l !== '')
      : [];
  const put = (file: string, text: string, mode: number) => {
    const s = existsSync(file) ? statSync(file) : null;
    writeFileSync(`${file}.new`, text, { mode });
    chmodSync(`${file}.new`, s ? s.mode & 0o7777 : mode);
    if (s && process.geteuid?.() === 0) chownSync(`${file}.new`, s.uid, s.gid);
    renameSync(`${file}.new`, file);
  };
  const marker = config.accounts.primary_group;
  return {
    facts(bindings) {
      const ours = new Set(bindings.map(({ name }) => name));
      return {
        foreignAccounts: lines('etc/passwd')
          .map((l) => l.split(':'))
          .filter((f) => !ours.has(f[0] ?? ''))
          .map((f) => ({ name: f[0] ?? '', uid: Number(f[2]) })),
        foreignGroups: lines('etc/group')
          .map((l) => l.split(':'))
          .filter((f) => !ours.has(f[0] ?? '') && f[0] !== marker)
          .map((f) => ({ name: f[0] ?? '', gid: Number(f[2]) })),
        shells: lines('etc/shells'),
        powerfulNames: [],
        powerfulGroups: [],
        keyTypes: [],
        expiry: { zulu: true, timeZone: 'UTC' },
      };
    },
    read(bindings, desired) {
      const ours = new Map(bindings.map((b) => [`${b.kind} ${b.name}`, b]));
      for (const b of desired.bindings) ours.set(`${b.kind} ${b.name}`, b);
      const shadow = new Map(lines('etc/shadow').map((l) => [l.split(':')[0] ?? '', l.split(':')]));
      const accounts = new Map<string, ActualAccount>();
      for (const l of lines('etc/passwd')) {
        const [name = '', , uid, gid, gecos = '', dir = '', shell = ''] = l.split(':');
        if (ours.get(`account ${name}`)?.id !== Number(uid)) continue;
        const day = shadow.get(name)?.[7] ?? '';
        accounts.set(name, {
          entry: { name, uid: Number(uid), gid: Number(gid), gecos, dir, shell },
          expiryDay: day === '' ? null : Number(day),
        });
      }
      const groups = new Map<string, GroupEntry>();
      for (const l of lines('etc/group')) {
        const [name = '', , gid, members = ''] = l.split(':');
        if (name === marker || ours.get(`group ${name}`)?.id === Number(gid))
          groups.set(name, { name, gid: Number(gid), members: members === '' ? [] : members.split(',') });
      }
      const keyFiles = new Map<string, string>();
      if (existsSync(paths.keys))
        for (const name of readdirSync(paths.keys))
          keyFiles.set(name, readFileSync(path.join(paths.keys, name), 'utf8'));
      const homes = new Set(
        desired.accounts.map(({ entry }) => entry.dir).filter((dir) => existsSync(at(dir))),
      );
      const sudoers = existsSync(at('etc/sudoers.d/sunk-agent'))
        ? readFileSync(at('etc/sudoers.d/sunk-agent'), 'utf8')
        : '';
      return { accounts, groups, keyFiles, homes, sudoers };
    },
    async apply(changes) {
      const today = Math.floor(Date.now() / 86_400_000);
      const edit = (file: string, name: string, f: (fields: string[]) => string[] | null) => {
        const next = lines(file).flatMap((l) => {
          if (l.split(':')[0] !== name) return [l];
          const r = f(l.split(':'));
          return r === null ? [] : [r.join(':')];
        });
        put(at(file), next.map((l) => `${l}\n`).join(''), 0o644);
      };
      const append = (file: string, line: string) =>
        put(at(file), [...lines(file), line].map((l) => `${l}\n`).join(''), 0o644);
      const done: Applied[] = [];
      for (const change of changes) {
        try {
          applyOne(change);
          done.push({ change, ok: true });
        } catch (error) {
          done.push({ change, ok: false, problem: String(error) });
        }
      }
      return done;

      function applyOne(c: Change): void {
        switch (c.kind) {
          case 'keys-remove':
            rmSync(path.join(paths.keys, c.name), { force: true });
            return;
          case 'account-close':
            edit('etc/shadow', c.name, (f) => f.with(7, '1'));
            edit('etc/passwd', c.name, (f) => f.with(6, c.entry.shell));
            return;
          case 'account-reopen':
            edit('etc/shadow', c.name, (f) => f.with(7, ''));
            edit('etc/passwd', c.name, (f) => f.with(6, c.entry.shell));
            return;
          case 'sessions-end':
            if (paths.root === '/') {
              try {
                execFileSync('loginctl', ['terminate-user', String(c.uid)], { stdio: 'ignore' });
              } catch {}
              try {
                execFileSync('pkill', ['-KILL', '-u', String(c.uid)], { stdio: 'ignore' });
              } catch {}
            }
            return;
          case 'sudoers-remove':
            rmSync(at('etc/sudoers.d/sunk-agent'), { force: true });
            return;
          case 'sudoers-write':
            put(at('etc/sudoers.d/sunk-agent'), c.text, 0o440);
            return;
          case 'member-add':
            edit('etc/group', c.name, (f) =>
              f.with(3, [...(f[3] === '' ? [] : (f[3] ?? '').split(',')), c.member].sort().join(',')),
            );
            return;
          case 'member-remove':
            edit('etc/group', c.name, (f) =>
              f.with(
                3,
                (f[3] ?? '')
                  .split(',')
                  .filter((m) => m !== c.member)
                  .join(','),
              ),
            );
            return;
          case 'group-remove':
            edit('etc/group', c.name, () => null);
            return;
          case 'account-remove':
            edit('etc/passwd', c.name, () => null);
            edit('etc/shadow', c.name, () => null);
            return;
          case 'group-create':
            append('etc/group', `${c.name}:x:${c.gid}:`);
            return;
          case 'account-create':
            append(
              'etc/passwd',
              `${c.name}:x:${c.entry.uid}:${c.entry.gid}:${c.entry.gecos}:${c.entry.dir}:${c.entry.shell}`,
            );
            append('etc/shadow', `${c.name}:*:${today}:0:99999:7:::`);
            return;
          case 'account-alter':
            edit('etc/passwd', c.name, () => [
              c.name,
              'x',
              String(c.entry.uid),
              String(c.entry.gid),
              c.entry.gecos,
              c.entry.dir,
              c.entry.shell,
            ]);
            return;
          case 'home-create':
            cpSync(at('etc/skel'), at(c.dir), { recursive: true });
            chmodSync(at(c.dir), 0o700);
            if (process.geteuid?.() === 0) chownSync(at(c.dir), c.uid, c.gid);
            return;
          case 'keys-write':
            mkdirSync(paths.keys, { recursive: true });
            put(path.join(paths.keys, c.name), c.text, 0o644);
        }
      }
    },
  };
}
