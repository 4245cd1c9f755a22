// `sunk-agent fleet`: which followers have which generation, by what they report.
import path from 'node:path';
import { openNodeContext } from '../../agent/node-context.ts';
import { AgentError } from '../../common/errors.ts';
import { sayCount } from '../../common/text/count-noun.ts';
import { makePrintable } from '../../common/text/printable.ts';
import { sayAgo } from '../../common/text/relative-time.ts';
import type { Fleet, FollowerRow } from '../../publish/judge-fleet.ts';
import { type LastPublished, readFleet } from '../../publish/read-fleet.ts';
import type { CommandContext } from '../command.ts';

export const failure = 2;
export const options = { all: { type: 'boolean', default: false } } as const;

export const help = `Usage: sunk-agent fleet [--all] [--json] [--config FILE] [--root DIR]

Lists the followers that need attention, by the heartbeats that they leave in publish.heartbeats. Every pod can write
there, so this is what followers report, and no proof. fleet tries no login: try one in the pod.

  faulty   refuses what is on the volume, has no generation, or has a clock that is a minute off, with the reason
  behind   has an older generation than the one that was published last
  stale    has left no heartbeat for two minutes: ended, or stopped by a user who is root there; delete such a pod
  --all    also those that are current

Examples:
  sunk-agent fleet
  sunk-agent fleet --all --json

Exit status: 0 all are current, 1 some are not, 2 not known.`;

/** A follower has no trial login, and the publisher has no account of the people to try one with. */
const LOGINS = 'not-checked';

export async function run(context: CommandContext): Promise<number> {
  const { config, paths } = openNodeContext(context);
  const { heartbeats, directory } = config.publish;
  if (heartbeats === null)
    throw new AgentError('refused', 'publish.heartbeats names no directory, so no follower reports here', {
      hint: 'set it to a directory on a volume that followers can write, and heartbeats= in their follower.conf',
    });
  const now = Math.floor(Date.now() / 1000);
  const { fleet, last } = readFleet(
    { directory: path.join(paths.root, directory), heartbeats: path.join(paths.root, heartbeats) },
    now,
  );
  const shown =
    context.values['all'] === true
      ? fleet.followers
      : fleet.followers.filter((row) => row.standing !== 'current');
  process.stdout.write(
    context.json
      ? `${JSON.stringify({ schema_version: 1, published: last, logins: LOGINS, ...fleet, followers: shown })}\n`
      : describeFleet(fleet, shown, last, now),
  );
  const { counts } = fleet;
  return counts.behind + counts.faulty + counts.stale === 0 ? 0 : 1;
}

function describeFleet(
  { counts, followers, malformed, isCut }: Fleet,
  shown: readonly FollowerRow[],
  last: LastPublished,
  now: number,
): string {
  const published =
    last === null
      ? 'nothing was published'
      : `serial ${last.serial} was signed ${sayAgo(last.signedAt, now)}`;
  const lines = [
    `${sayCount(followers.length, 'follower')}: ${counts.current} current, ${counts.behind} behind, ${counts.faulty} faulty, ${counts.stale} stale; ${published}`,
    'logins: not checked here; a pod with a current generation may still admit no one',
    ...(isCut ? ['there are more heartbeats than are read'] : []),
    ...(malformed === 0 ? [] : [sayCount(malformed, 'file is no heartbeat', 'files are no heartbeats')]),
    ...shown.map(
      (row) =>
        `  ${row.standing.padEnd(8)} ${row.name}  serial ${row.serial}, seen ${sayAgo(row.writtenAt, now)}, ${row.profile}, version ${row.version}${row.fault === null ? '' : `: ${row.fault}`}`,
    ),
  ];
  return lines.map((line) => `${makePrintable(line)}\n`).join('');
}
