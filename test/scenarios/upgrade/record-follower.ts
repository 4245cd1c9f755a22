// Records what a build's publisher signs and what its followers run: node record-follower.ts TARGET.tar.gz, in a checkout of
// that build. 0.1.0 has neither, so follower-0.2.0.tar.gz is of commit 1478cd3, the last one with a follower of one file.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FOLLOWER, PublishRig } from '../../support/publish/publish-rig.ts';

const [, , target = ''] = process.argv;
const TEN_YEARS = 10 * 365 * 86_400;
const rig = new PublishRig();
const people = [
  { name: 'alice', uid: 10_000, hasSudo: true, groups: ['ml'] },
  { name: 'bob', uid: 10_001, groups: ['ml', 'ops'] },
];
rig.publish(people, rig.publisher({ notAfter: TEN_YEARS }));
const signer = readFileSync(path.join(rig.directory, 'publishers'), 'utf8').split('\n')[0] ?? '';
writeFileSync(path.join(rig.directory, 'publishers'), `${signer}\n`);
mkdirSync(path.join(rig.directory, 'old'));
for (const name of ['follower', 'follower-keys'])
  cpSync(path.join(path.dirname(FOLLOWER), name), path.join(rig.directory, 'old', name));
const files = ['key', 'key.pub', 'publishers', 'publisher.json', 'volume', 'old'];
execFileSync('tar', ['-C', rig.directory, '--owner=0', '--group=0', '-czf', path.resolve(target), ...files]);
rmSync(rig.directory, { recursive: true });
