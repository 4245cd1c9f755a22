// The names that a node gives power to, from every file that sudo, polkit, doas and PAM would read.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readPrivilegedNames } from '../../../../src/host/sudo/privileged-names.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'privileged-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), text);
}

/** Names, groups with `%` and ids with `#`, sorted. */
function reserved(): string[] {
  const { names, groups, uids, gids } = readPrivilegedNames(root, 'login1.example.com');
  return [
    ...names.keys(),
    ...[...groups.keys()].map((name) => `%${name}`),
    ...[...uids.keys()].map((id) => `#${id}`),
    ...[...gids.keys()].map((id) => `%#${id}`),
  ].sort();
}

describe('sudoers', () => {
  test('is read with everything that it includes, by the new directives and the old', () => {
    write(
      'etc/sudoers',
      `amy ALL=(ALL) ALL
%ops ALL=(ALL) ALL
@include /etc/sudo/one # and its comment
#include two
@includedir /etc/more.d
#includedir "/etc/with blank"
  @include /etc/by-%h
  #include /etc/commented
User_Alias DBAS = dora, \\
  dirk
DBAS ALL = ALL
`,
    );
    write('etc/sudo/one', 'ben ALL=ALL\n@include nested\n');
    write('etc/sudo/nested', 'nell ALL=ALL\n@include /etc/sudoers\n');
    write('etc/two', 'cat ALL=ALL\n');
    write('etc/more.d/x', 'dan ALL=ALL\n');
    write('etc/more.d/x.bak', 'old ALL=ALL\n');
    write('etc/with blank/x', 'eve ALL=ALL\n');
    write('etc/by-login1', 'fay ALL=ALL\n');
    write('etc/commented', 'gus ALL=ALL\n');
    write('etc/sudoers.d/not-included', 'gil ALL=ALL\n');
    expect(reserved()).toEqual(
      ['%ops', 'amy', 'ben', 'cat', 'dan', 'dirk', 'dora', 'eve', 'fay', 'nell'].sort(),
    );
  });

  test('names each with its file and line', () => {
    write('etc/sudoers', '# first\n\nDefaults env_reset\nUser_Alias OPS = dora\n\nOPS, \\\nbob ALL=ALL\n');
    const { names } = readPrivilegedNames(root, 'login1');
    expect(names).toEqual(
      new Map([
        ['dora', '/etc/sudoers:6'],
        ['bob', '/etc/sudoers:6'],
      ]),
    );
  });

  test.each<[string, string, string[]]>([
    ['a name in any case', '%Linux-Admins ALL=ALL\nDave ALL=ALL\n', ['%linux-admins', 'dave']],
    ['a name in its case alone', 'Defaults !case_insensitive_user\nDave ALL=ALL\n', ['Dave']],
    ['no name of a comment', '# bob asked for this\namy ALL=ALL # for carol\n', ['amy']],
    ['what follows a comment that ends in a backslash', '# note \\\ndave ALL=ALL\n', ['dave']],
    ['nothing that only a comment ends', 'dave ALL=/bin/x # \\\nbob ALL=ALL\n', ['bob', 'dave']],
    ['ids, which are no comment', '#20100 ALL=ALL\n%#020200 ALL=ALL\n# 20300\n', ['#20100', '%#20200']],
    ['quoted names', '"dave" ALL=ALL\n"%two words" ALL=ALL\n', ['%two words', 'dave']],
    ['names with quoted characters', 'd\\x61ve ALL=ALL\n\\bob ALL=ALL\n', ['bob', 'dave']],
    ['aliases of aliases', 'User_Alias A = B, amy : B = bob\nA ALL=ALL\n', ['amy', 'bob']],
    ['no alias that no rule uses', 'User_Alias A = bob\n', []],
    ['an unknown alias, which is a name to sudo', 'OPS ALL=ALL\n', ['ops']],
    ['an alias within itself, which is one too', 'User_Alias A = A, bob\nA ALL=ALL\n', ['a', 'bob']],
    ['no one who is excluded', 'bob, amy, !bob ALL=ALL\n', ['amy']],
    ['who is excluded twice', 'User_Alias A = !bob\n!A ALL=ALL\n', ['bob']],
    ['an even number of marks, which is none', '!!bob, !!!amy ALL=ALL\n', ['bob']],
    ['no one in particular', 'ALL ALL=/bin/x\nALL, !bob ALL=/bin/y\n', []],
    ['no runas user', 'amy ALL=(bob : carol) NOPASSWD: /bin/x\n', ['amy']],
    ['no word of a command', 'amy ALL=/bin/x bob\\, carol, /bin/y\n', ['amy']],
    [
      'rules of this host',
      'amy login1=ALL\nbob LOGIN1.example.com=ALL\ncarl login?=ALL\n',
      ['amy', 'bob', 'carl'],
    ],
    ['no rules of another', 'amy login2=ALL\nbob ALL, !login1=ALL\n', []],
    ['host aliases', 'Host_Alias H = login1\namy H=ALL\nbob ALL, !H=ALL\n', ['amy']],
    ['a further host', 'amy login2=/bin/x : login1=/bin/y\n', ['amy']],
    ['hosts by address, which may be this', 'amy 10.0.0.0/8=ALL\nbob ALL, !10.0.0.1=ALL\n', ['amy', 'bob']],
    ['what follows a bad entry', 'amy bob carol\n= ALL\n"unclosed ALL=ALL\ndave ALL=ALL\n', ['dave']],
    [
      'what follows a missing include',
      '@include /none\n@includedir /none\n@include\ndave ALL=ALL\n',
      ['dave'],
    ],
    ['commands of another version of sudo', 'dave ALL=NEWTAG: ^/bin/[a:b]$\n', ['dave']],
    [
      'no words of Defaults',
      'Defaults:bob !requiretty, badpass_message="no # way" \\\n\nDefaults>amy x\n',
      [],
    ],
    ['a file without a line end, and with a NUL', 'amy ALL=ALL\0 : bob\ndave ALL=ALL', ['amy', 'dave']],
    ['lines that end as on Windows', 'amy ALL=ALL\r\nbob, \\\r\ncarl ALL=ALL\r\n', ['amy', 'bob', 'carl']],
  ])('reserves %s', (_, text, expected) => {
    write('etc/sudoers', text);
    expect(reserved()).toEqual(expected);
  });

  test('names netgroups, groups of a plugin and rules of a directory service as unchecked', () => {
    write('etc/sudoers', '+admins ALL=ALL\n%:Domain\\ Admins ALL=ALL\n');
    write('etc/nsswitch.conf', 'passwd: files sss\n\nsudoers: files [SUCCESS=return] sss\n');
    expect(readPrivilegedNames(root, 'login1').unchecked).toEqual([
      { what: 'the netgroup +admins', location: '/etc/sudoers:1' },
      { what: 'the group %:Domain Admins of a plugin', location: '/etc/sudoers:2' },
      { what: 'sudo rules of the service sss', location: '/etc/nsswitch.conf:3' },
    ]);
    expect(reserved()).toEqual([]);
  });

  test('takes each address and longer name of a host both ways, by itself', () => {
    const rules = [
      'ALL, !192.0.2.1',
      'other.example.com',
      '!l*1, login1.example.com, !fe80::1',
      'ALL, !ALL',
      '!+net, NET',
    ];
    write(
      'etc/sudoers',
      ['Host_Alias NET = 10.0.0.0/8, !+net', ...rules.map((hosts, n) => `u${n} ${hosts} = ALL`)].join('\n'),
    );
    expect([...readPrivilegedNames(root, 'login1').names.keys()]).toEqual(['u0', 'u2', 'u4']);
  });

  test('takes an alias both ways that an unfinished entry of the file before may have swallowed', () => {
    write(
      'etc/sudoers',
      '@include /etc/one\nUser_Alias A1 = carl\nALL, !A1 ALL = ALL\ncarl, !A1 ALL = ALL\n',
    );
    write('etc/one', 'Defaults badpass_message="no" \\\n');
    expect(reserved()).toEqual(['carl']);
    write('etc/one', 'Defaults badpass_message="no"\n');
    expect(reserved()).toEqual([]);
  });

  test('is read where sudo.conf has it, and the managed file is not', () => {
    write('etc/sudo.conf', 'Plugin sudoers_policy sudoers.so sudoers_file=/srv/rules sudoers_mode=0400\n');
    write('etc/sudoers', '@includedir /etc/sudoers.d\n');
    write('etc/sudoers.d/sunk-agent', '#20001 ALL=ALL\nmine ALL=ALL\n');
    write('srv/rules', 'amy ALL=ALL\n');
    expect(reserved()).toEqual(['amy']);
  });

  test('of 20,000 names, half of them in one alias, is read within two seconds of the processor', () => {
    const names = Array.from({ length: 10_000 }, (_, n) => `user${n}`);
    write(
      'etc/sudoers',
      `User_Alias MANY = ${names.join(', ')}\nMANY ALL=ALL\n${names.map((name) => `x${name} ALL=ALL\n`).join('')}`,
    );
    const start = process.cpuUsage();
    expect(reserved()).toHaveLength(20_000);
    expect(process.cpuUsage(start).user).toBeLessThan(2_000_000);
  });
});

describe('power elsewhere', () => {
  test.each<[string, string, string, string[]]>([
    [
      'a polkit rule',
      'etc/polkit-1/rules.d/49.rules',
      `/* bob */ polkit.addRule(function(action, subject) { // carol
         if (action.id == "org.x.y" && action.lookup("verb") == "x.start" && subject.user == 'dave') return polkit.Result.YES; });`,
      ['dave'],
    ],
    [
      'a group of a polkit rule',
      'usr/share/polkit-1/rules.d/50.rules',
      'if (subject.isInGroup("ops")) return polkit.Result.AUTH_SELF_KEEP;',
      ['%ops'],
    ],
    [
      'an administrator of polkit',
      'etc/polkit-1/rules.d/40.rules',
      'polkit.addAdminRule(function() { return ["unix-user:dave", "unix-group:ops", "unix-user:1200"]; });',
      ['#1200', '%ops', 'dave'],
    ],
    [
      'no polkit rule that only denies',
      'etc/polkit-1/rules.d/10.rules',
      'if (subject.user == "dave") return polkit.Result.NO;',
      [],
    ],
    [
      'a local authority of polkit',
      'etc/polkit-1/localauthority/50-local.d/x.pkla',
      '[a]\nIdentity=unix-user:dave;unix-group:ops\nResultActive=yes\n[b]\nIdentity=unix-user:bob\nResultAny=no\n',
      ['%ops', 'dave'],
    ],
    [
      'administrators of an older polkit',
      'etc/polkit-1/localauthority.conf.d/60.conf',
      '[Configuration]\nAdminIdentities=unix-group:ops;unix-user:0\n',
      ['#0', '%ops'],
    ],
    [
      'doas',
      'etc/doas.conf',
      '# permit bob\npermit nopass keepenv dave as root\npermit persist setenv { A=b C } :ops cmd "/bin/x"\n' +
        'deny carl\npermit \\\n  1200\n',
      ['#1200', '%ops', 'dave'],
    ],
    [
      'pam_wheel',
      'etc/pam.d/su',
      '# auth required pam_wheel.so group=old\nauth [success=ignore default=die] pam_wheel.so \\\n trust group=ops\nauth required pam_wheel.so deny group=guests\n',
      ['%ops'],
    ],
    [
      'pam_succeed_if where it is enough',
      'etc/pam.d/su-l',
      'auth sufficient pam_succeed_if.so use_uid user ingroup ops\nauth required pam_succeed_if.so user = bob\n' +
        'auth [success=1 default=ignore] pam_succeed_if.so user in amy:ann\n',
      ['%ops', 'amy', 'ann'],
    ],
    [
      'pam_group',
      'etc/security/group.conf',
      '# *;*;bob;Al0000-2400;docker\n*;*;dave|ann&!carl|%ops;Al0000-2400;docker\n*;*;*;Al0000-2400;floppy\n',
      ['%ops', 'ann', 'dave'],
    ],
    [
      'pam_cap',
      'etc/security/capability.conf',
      'cap_sys_admin dave @ops\nnone *\n#cap_x bob\n',
      ['%ops', 'dave'],
    ],
    ['neither sshd_config', 'etc/ssh/sshd_config', 'AllowUsers root alice\nMatch User bob\n', []],
    ['nor access.conf', 'etc/security/access.conf', '+:oda:ALL\n', []],
  ])('reserves %s', (_, file, text, expected) => {
    write(file, text);
    expect(reserved()).toEqual(expected);
  });

  test('no file at all does no harm', () => {
    expect(reserved()).toEqual([]);
  });
});
