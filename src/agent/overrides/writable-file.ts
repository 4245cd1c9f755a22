// Where a file that operators share is really written, or why it cannot be replaced here and where it is to be changed.
import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { AgentError } from '../../common/errors.ts';
import { readMountPoints } from '../../host/fs/replaceable.ts';

/** The link that the kubelet swaps when a ConfigMap or Secret changes. */
const PROJECTED = '..data';
/** As many as path_resolution(7) follows. */
const MAX_LINKS = 40;

/**
 * The plain file behind a link, since a rename onto the link would part it from what it leads to.
 * @param change what to change in the file, in the imperative: for an operator who must do it elsewhere.
 * @throws AgentError host_write: it is a key of a ConfigMap or Secret, or mounted by itself.
 */
export function locateWritable(file: string, change: string): string {
  const chain = followLinks(file);
  const target = chain.at(-1) ?? file;
  const isProjected = chain.some(
    (one) => one.split('/').includes(PROJECTED) || existsSync(path.join(path.dirname(one), PROJECTED)),
  );
  if (isProjected) {
    throw new AgentError(
      'host_write',
      `${file} comes from a ConfigMap or Secret, so it cannot be written here`,
      {
        hint: `${change} where it comes from (kubectl edit configmap); the node reads the change by itself`,
      },
    );
  }
  if (!isMountPoint(target)) return target;
  throw new AgentError('host_write', `${file} is mounted by itself, so it cannot be replaced here`, {
    hint: `${change} where it comes from (a ConfigMap's key, or the file on the other side of the mount), or mount its directory`,
  });
}

/** The file, and what it leads to, link by link. */
function followLinks(file: string): string[] {
  const chain = [file];
  for (let last = file; chain.length <= MAX_LINKS; chain.push(last)) {
    if (lstatSync(last, { throwIfNoEntry: false })?.isSymbolicLink() !== true) break;
    last = path.resolve(path.dirname(last), readlinkSync(last));
  }
  return chain;
}

function isMountPoint(file: string): boolean {
  if (!existsSync(file)) return false;
  return readMountPoints().has(path.join(realpathSync(path.dirname(file)), path.basename(file)));
}
