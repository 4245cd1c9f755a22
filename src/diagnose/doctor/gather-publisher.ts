// Facts for `doctor` about a publisher: its key, what is on the volume, and what followers report.
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { NodeContext } from '../../agent/node-context.ts';
import { AgentError } from '../../common/errors.ts';
import { settingsOf } from '../../agent/publication/publish-generation.ts';
import { PRINCIPAL } from '../../publish/manifest.ts';
import { readLastSerial } from '../../publish/publisher.ts';
import { readFleet } from '../../publish/read-fleet.ts';
import { readSignedManifest } from '../../publish/signed-manifest.ts';
import { readPublicKey } from '../../publish/signature.ts';
import { isVolumeLocked } from '../../publish/volume-lock.ts';
import { tryProbe } from '../probe.ts';
import type { PublisherFacts } from './facts.ts';

/** @returns null: this node publishes no generations. @param now epoch seconds. */
export async function gatherPublisher(
  { config, paths }: NodeContext,
  now: number,
): Promise<PublisherFacts | null> {
  if (config.accounts.backend !== 'publish') return null;
  const { directory, key } = settingsOf({ config, paths });
  const rights = statSync(key, { throwIfNoEntry: false });
  const publicKey = await tryProbe(() => Promise.resolve(readPublicKey(key)));
  const list = path.join(paths.configDirectory, 'publishers');
  const { heartbeats } = config.publish;
  return {
    directory,
    key:
      rights === undefined
        ? null
        : { path: key, uid: rights.uid, gid: rights.gid, mode: rights.mode & 0o7777 },
    keyFile: key,
    publicKey,
    published: await tryProbe(() => {
      if (!publicKey.ok) throw new AgentError('refused', publicKey.why);
      const manifest = readSignedManifest(directory, `${PRINCIPAL} ${publicKey.value}\n`, paths.run);
      return Promise.resolve(
        manifest === null ? null : { serial: manifest.serial, signedAt: manifest.signedAt },
      );
    }),
    remembered: readLastSerial(paths.publication),
    isLocked: await tryProbe(() => Promise.resolve(isVolumeLocked(directory))),
    trusted: existsSync(list) ? countKeys(readFileSync(list, 'utf8')) : null,
    fleet:
      heartbeats === null
        ? null
        : await tryProbe(() =>
            Promise.resolve(
              readFleet({ directory, heartbeats: path.join(paths.root, heartbeats) }, now).fleet,
            ),
          ),
  };
}

/** Lines of an allowed signers file (ssh-keygen(1)) that name the publisher. */
function countKeys(text: string): number {
  return text.split('\n').filter((line) => line.startsWith(`${PRINCIPAL} `)).length;
}
