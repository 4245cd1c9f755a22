// Sound and damaged public keys, the same ones from the same seed, to compare our reading with OpenSSH's.
import { findSmallFactor } from '../../../src/policy/keys/rsa-weakness.ts';
import { ECDH, createECDH, createPrivateKey, createPublicKey } from 'node:crypto';

export interface CorpusLine {
  /** How it was made, for messages. */
  readonly how: string;
  /** One line of an authorized_keys file, without newline and comment. */
  readonly text: string;
}

/** Numbers below 2^32 from a seed (mulberry32). */
export function seedRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Random = ReturnType<typeof seedRandom>;

/** RFC 4251 `string`s, one after the other. */
export function writeBlob(...parts: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

function randomBytes(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random(256)));
}

export function makeEd25519(random: Random): Buffer {
  const pkcs8 = Buffer.concat([
    Buffer.from('302e020100300506032b657004220420', 'hex'),
    randomBytes(random, 32),
  ]);
  const spki = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })).export({
    format: 'der',
    type: 'spki',
  });
  return spki.subarray(-32);
}

const CURVES = { nistp256: 'prime256v1', nistp384: 'secp384r1', nistp521: 'secp521r1' } as const;
type Curve = keyof typeof CURVES;

export function makePoint(random: Random, curve: Curve): Buffer {
  const agreement = createECDH(CURVES[curve]);
  agreement.setPrivateKey(Buffer.concat([Buffer.from([0]), randomBytes(random, 31)]));
  return agreement.getPublicKey();
}

/** A number of so many bits without small factors; whether it has just two large ones, no reader can tell. */
export function makeModulus(random: Random, bits: number): Buffer {
  const modulus = randomBytes(random, bits / 8);
  modulus[0] = (modulus[0] ?? 0) | 0x80;
  for (let low = random(65_536) | 1; ; low = (low + 2) % 65_536) {
    modulus.writeUInt16BE(low, modulus.length - 2);
    if (findSmallFactor(BigInt(`0x${modulus.toHex()}`)) === null) break;
  }
  return Buffer.concat([Buffer.from([0]), modulus]);
}

const EXPONENT = Buffer.from([1, 0, 1]);

/** The parts of a sound key of any kind, its type first. */
export function makeParts(random: Random): [type: string, ...parts: (string | Uint8Array)[]] {
  const curves: Curve[] = ['nistp256', 'nistp384', 'nistp521'];
  const curve = curves[random(3)] ?? 'nistp256';
  switch (random(5)) {
    case 0:
      return ['ssh-ed25519', makeEd25519(random)];
    case 1:
      return ['ssh-rsa', EXPONENT, makeModulus(random, 1024 + 8 * random(385))];
    case 2:
      return [`ecdsa-sha2-${curve}`, curve, makePoint(random, curve)];
    case 3:
      return ['sk-ssh-ed25519@openssh.com', makeEd25519(random), 'ssh:'];
    default:
      return ['sk-ecdsa-sha2-nistp256@openssh.com', 'nistp256', makePoint(random, 'nistp256'), 'ssh:login'];
  }
}

const OTHER_TYPES = [
  'ssh-rsa',
  'ssh-ed25519',
  'ssh-dss',
  'SSH-RSA',
  'RSA',
  'ED25519',
  'rsa-sha2-256',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'sk-ssh-ed25519@openssh.com',
  'ssh-ed25519-cert-v01@openssh.com',
  'ssh-ed448',
];

/** What can happen to a key on its way: each takes sound parts and gives a line. */
const DAMAGES: Readonly<
  Record<string, (parts: readonly (string | Uint8Array)[], type: string, random: Random) => string>
> = {
  'a flipped bit': (parts, type, random) => {
    const blob = writeBlob(type, ...parts);
    const position = random(blob.length);
    blob[position] = (blob[position] ?? 0) ^ (1 << random(8));
    return `${type} ${blob.toString('base64')}`;
  },
  'cut bytes': (parts, type, random) => {
    const blob = writeBlob(type, ...parts);
    return `${type} ${blob.subarray(0, random(blob.length)).toString('base64')}`;
  },
  'bytes after the end': (parts, type, random) =>
    `${type} ${Buffer.concat([writeBlob(type, ...parts), randomBytes(random, 1 + random(40))]).toString('base64')}`,
  'one part more': (parts, type) => `${type} ${writeBlob(type, ...parts, 'more').toString('base64')}`,
  'one part less': (parts, type) => `${type} ${writeBlob(type, ...parts.slice(0, -1)).toString('base64')}`,
  'an empty part': (parts, type, random) => {
    const position = random(parts.length);
    const emptied = parts.map((part, index) => (index === position ? '' : part));
    return `${type} ${writeBlob(type, ...emptied).toString('base64')}`;
  },
  'a part with a zero in front': (parts, type, random) => {
    const position = random(parts.length);
    const padded = parts.map((part, index) =>
      index === position ? Buffer.concat([Buffer.from([0]), Buffer.from(part)]) : part,
    );
    return `${type} ${writeBlob(type, ...padded).toString('base64')}`;
  },
  'a random part': (parts, type, random) => {
    const position = random(parts.length);
    const replaced = parts.map((part, index) =>
      index === position ? randomBytes(random, Buffer.from(part).length) : part,
    );
    return `${type} ${writeBlob(type, ...replaced).toString('base64')}`;
  },
  'a length that lies': (parts, type, random) => {
    const blob = writeBlob(type, ...parts);
    const position = random(2) === 0 ? 0 : 4 + type.length;
    blob.writeUInt32BE(random(2) === 0 ? 0xffffffff : random(100000), position);
    return `${type} ${blob.toString('base64')}`;
  },
  'another type outside': (parts, type, random) =>
    `${OTHER_TYPES[random(OTHER_TYPES.length)] ?? ''} ${writeBlob(type, ...parts).toString('base64')}`,
  'another type on both sides': (parts, _type, random) => {
    const other = OTHER_TYPES[random(OTHER_TYPES.length)] ?? '';
    return `${other} ${writeBlob(other, ...parts).toString('base64')}`;
  },
  'a changed character': (parts, type, random) => {
    const base64 = writeBlob(type, ...parts).toString('base64');
    const position = random(base64.length);
    const strange = 'ABCxyz019+/=-_,;.!"\\ \t~é'[random(24)] ?? '';
    return `${type} ${base64.slice(0, position)}${strange}${base64.slice(position + 1)}`;
  },
  'a lost character': (parts, type, random) => {
    const base64 = writeBlob(type, ...parts).toString('base64');
    const position = random(base64.length);
    return `${type} ${base64.slice(0, position)}${base64.slice(position + 1)}`;
  },
  'other padding': (parts, type, random) => {
    const bare = writeBlob(type, ...parts)
      .toString('base64')
      .replace(/=+$/, '');
    return `${type} ${bare}${'='.repeat(random(4))}`;
  },
  'bits beyond the end': (parts, type) => {
    const base64 = writeBlob(type, ...parts).toString('base64');
    return `${type} ${base64.replace(/[AQgw](?==)/, (last) => String.fromCharCode((last.codePointAt(0) ?? 0) + 1))}`;
  },
  'something in front': (parts, type, random) => {
    const front = [
      'restrict ',
      'command="id" ',
      'cert-authority ',
      'alice ',
      '"',
      '@cert-authority * ',
      '- ',
    ];
    return `${front[random(front.length)] ?? ''}${type} ${writeBlob(type, ...parts).toString('base64')}`;
  },
  'other blanks': (parts, type, random) => {
    const blanks = ['\t', '   ', ' \t ', '\u00a0', ''];
    return `${blanks[random(3)] ?? ''}${type}${blanks[random(5)] ?? ''}${writeBlob(type, ...parts).toString('base64')}`;
  },
  'an exponent that is weak or huge': (_parts, _type, random) => {
    const exponents = [[1], [2], [3], [0], [], [0, 0x80, 1], [0x81], [1, ...randomBytes(random, 8)]];
    const modulus = makeModulus(random, [512, 1016, 1024, 2048, 16384, 16392][random(6)] ?? 2048);
    return `ssh-rsa ${writeBlob('ssh-rsa', Buffer.from(exponents[random(8)] ?? []), modulus).toString('base64')}`;
  },
  'a compressed point': (_parts, _type, random) => {
    const point = ECDH.convertKey(
      makePoint(random, 'nistp256'),
      'prime256v1',
      undefined,
      undefined,
      'compressed',
    );
    return `ecdsa-sha2-nistp256 ${writeBlob('ecdsa-sha2-nistp256', 'nistp256', Buffer.from(point)).toString('base64')}`;
  },
  'a coordinate out of bounds': (_parts, _type, random) => {
    const point = makePoint(random, 'nistp256');
    point.fill(random(2) === 0 ? 0 : 255, 1 + 32 * random(2), 33);
    return `ecdsa-sha2-nistp256 ${writeBlob('ecdsa-sha2-nistp256', 'nistp256', point).toString('base64')}`;
  },
};

export const DAMAGE_NAMES = Object.keys(DAMAGES);

/** `count` lines; about two of five are sound. */
export function makeCorpus(seed: number, count: number): CorpusLine[] {
  const random = seedRandom(seed);
  return Array.from({ length: count }, () => {
    const [type, ...parts] = makeParts(random);
    if (random(5) < 2)
      return { how: 'sound', text: `${type} ${writeBlob(type, ...parts).toString('base64')}` };
    const how = DAMAGE_NAMES[random(DAMAGE_NAMES.length)] ?? '';
    return { how, text: DAMAGES[how]?.(parts, type, random) ?? '' };
  });
}
