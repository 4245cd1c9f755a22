// Whether sshd listens where its configuration has it, and where others reach it.
import { isLoopback, toCanonical } from '../trial/own-addresses.ts';
import type { SshdFinding, SshdSettings } from './sshd-findings.ts';

/** A listening socket; `0.0.0.0` and `::` are all addresses. */
export interface Listening {
  readonly address: string;
  readonly port: number;
}

/** From here on a port of loopback is what a proxy of this node passes connections to, or a rehearsal's: it is meant so. */
const FIRST_FREE_PORT = 1024;

/** Number of addresses that are named. */
const NAMED = 4;

const isAny = (address: string): boolean => address === '0.0.0.0' || address === '::';
const say = ({ address, port }: Listening): string => `${address} port ${port}`;

/** From `listenaddress` of `sshd -T`: `0.0.0.0:22`, `[::]:22`. */
export function listConfigured(settings: SshdSettings): Listening[] {
  return (settings.get('listenaddress') ?? []).flatMap((text) => {
    const colon = text.lastIndexOf(':');
    const port = Number(text.slice(colon + 1));
    const address = toCanonical(text.slice(0, colon).replace(/^\[|\]$/g, ''));
    return colon <= 0 || !Number.isInteger(port) ? [] : [{ address, port }];
  });
}

/** Of the sockets those that sshd is meant to have. */
export function findServing(
  configured: readonly Listening[],
  sockets: readonly Listening[],
): readonly Listening[] {
  return sockets.filter(({ address, port }) =>
    configured.some(
      (one) =>
        one.port === port && (isAny(address) || isAny(one.address) || one.address === toCanonical(address)),
    ),
  );
}

/**
 * null: it listens, and others reach it as far as that can be told here.
 * @param serving sockets of sshd's: those of `findServing`, else where an SSH server of root's answers.
 * @param own addresses of this node; without one that others reach, as in a container, none is missed.
 * @param located where ListenAddress is set, as ` (file:line)`.
 */
export function judgeListening(
  configured: readonly Listening[],
  serving: readonly Listening[],
  own: readonly string[],
  located: string,
): SshdFinding | null {
  if (configured.length === 0) return null;
  if (serving.length === 0) return explainNone(configured, own, located);
  const hasOther = own.some((address) => !isLoopback(address));
  const isHidden = ({ address, port }: Listening): boolean => isLoopback(address) && port < FIRST_FREE_PORT;
  if (!hasOther || !serving.every(isHidden)) return null;
  const detail = `sshd listens at ${serving.map(say).join(', ')} alone${located}, so that no other machine reaches it`;
  return { code: 'sshd-loopback', breaksLogin: false, detail };
}

function explainNone(configured: readonly Listening[], own: readonly string[], located: string): SshdFinding {
  const isForeign = ({ address }: Listening): boolean => !isAny(address) && !own.includes(address);
  if (own.length > 0 && configured.every(isForeign)) {
    const named = [...new Set(configured.map(({ address }) => address))].join(', ');
    const others = own.filter((one) => !isLoopback(one)).slice(0, NAMED);
    const detail = `sshd does not start: ListenAddress${located} names ${named}, and this node has no such address (it has ${others.join(', ') || 'loopback alone'})`;
    return { code: 'sshd-listen-address', breaksLogin: true, detail };
  }
  const detail = `nothing listens at ${configured.map(say).join(', ')}, where sshd's configuration has it: sshd does not run`;
  return { code: 'sshd-not-listening', breaksLogin: true, detail };
}
