// `sunk-agent fleet`: which followers have which generation, by what they report.
import path from 'node:path';
import { openNodeContext } from '../../agent/node-context.ts';
import { AgentError } from '../../common/errors.ts';
import { toSystemError } from '../../common/system-error.ts';
import { sayCount } from '../../common/text/count-noun.ts';
import { makePrintable } from '../../common/text/printable.ts';
import { sayAgo } from '../../common/text/relative-time.ts';
import { type Heartbeats, readHeartbeats } from '../../publish/heartbeats.ts';
import { type Fleet, type FollowerRow, judgeFleet } from '../../publish/judge-fleet.ts';
import { parseManifest } from '../../publish/manifest.ts';
import { readRoot } from '../../publish/volume.ts';
import type { CommandContext } from '../command.ts';

export const failure = 2;
export const options = { all: { type: 'boolean', default: false } } as const;

export const help = `Usage: sunk-agent fleet [--all] [--json] [--config FILE] [--root DIR]

Lists the followers that need a look, by the heartbeats that they leave in publish.heartbeats. Every pod can write
there, so that this is what followers report, and no proof.

  faulty   refuses what is on the volume, has no generation, or has a clock that is a minute off, with the reason
  behind   has an older generation than the one that was published last
  stale   has left no heartbeat for two minutes: ended, or stopped by a user who is root there; delete such a pod
  --all    also those that are current

Examples:
  sunk-agent fleet
  sunk-agent fleet --all --json

Exit status: 0 all are current, 1 some are not, 2 not known.`;

export async function run(context: CommandContext): Promise<number> {
  const { config, paths } = openNodeContext(context);
  const { heartbeats, directory } = config.publish;
  if (heartbeats === null)
    throw new AgentError('refused', 'publish.heartbeats names no directory, so no follower reports here', {
      hint: 'set it to a directory on a volume that followers can write, and heartbeats= in their follower.conf',
    });
  const last = readLast(path.join(paths.root, directory));
  const now = Math.floor(Date.now() / 1000);
  const fleet = judgeFleet(readAll(path.join(paths.root, heartbeats)), last, now);
  const shown =
    context.values['all'] === true
      ? fleet.followers
      : fleet.followers.filter((row) => row.standing !== 'current');
  process.stdout.write(
    context.json
      ? `${JSON.stringify({ schema_version: 1, published: last, ...fleet, followers: shown })}\n`
      : describeFleet(fleet, shown, last, now),
  );
  const { counts } = fleet;
  return counts.behind + counts.faulty + counts.stale === 0 ? 0 : 1;
}

type Last = { readonly serial: number; readonly signedAt: number } | null;

/** As the volume has it: a user who writes there could make followers look behind, and no more. */
function readLast(volume: string): Last {
  const manifest = parseManifest(readRoot(volume)?.text ?? '');
  return manifest === null ? null : { serial: manifest.serial, signedAt: manifest.signedAt };
}

function readAll(directory: string): Heartbeats {
  try {
    return readHeartbeats(directory);
  } catch (cause) {
    throw toSystemError('refused', `cannot read the heartbeats in ${directory}`, cause);
  }
}

function describeFleet(
  { counts, followers, malformed, isCut }: Fleet,
  shown: readonly FollowerRow[],
  last: Last,
  now: number,
): string {
  const published =
    last === null
      ? 'nothing was published'
      : `serial ${last.serial} was signed ${sayAgo(last.signedAt, now)}`;
  const lines = [
    `${sayCount(followers.length, 'follower')}: ${counts.current} current, ${counts.behind} behind, ${counts.faulty} faulty, ${counts.stale} stale; ${published}`,
    ...(isCut ? ['there are more heartbeats than are read'] : []),
    ...(malformed === 0 ? [] : [sayCount(malformed, 'file is no heartbeat', 'files are no heartbeats')]),
    ...shown.map(
      (row) =>
        `  ${row.standing.padEnd(8)} ${row.name}  serial ${row.serial}, seen ${sayAgo(row.writtenAt, now)}, ${row.profile}, version ${row.version}${row.fault === null ? '' : `: ${row.fault}`}`,
    ),
  ];
  return lines.map((line) => `${makePrintable(line)}\n`).join('');
}
