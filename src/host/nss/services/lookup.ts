// getpwnam_r(3), getpwuid_r(3), getgrnam_r(3) and getgrgid_r(3) with their error codes, and getgrouplist(3), of one service alone.
import { getSystemErrorName } from 'node:util';
import { bindLibc } from '../../../common/libc.ts';

type ByName = (name: string, entry: Buffer, buffer: Buffer, size: number, result: Buffer) => number;
type ById = (id: number, entry: Buffer, buffer: Buffer, size: number, result: Buffer) => number;

const REST = 'void *entry, void *buffer, size_t size, void *result';
const getpwnam = bindLibc<ByName>(`int getpwnam_r(const char *name, ${REST})`);
const getpwuid = bindLibc<ById>(`int getpwuid_r(uint32_t uid, ${REST})`);
const getgrnam = bindLibc<ByName>(`int getgrnam_r(const char *name, ${REST})`);
const getgrgid = bindLibc<ById>(`int getgrgid_r(uint32_t gid, ${REST})`);
const getgrouplist = bindLibc<(name: string, gid: number, gids: Buffer, count: Buffer) => number>(
  'int getgrouplist(const char *name, uint32_t gid, void *gids, void *count)',
);
const configure = bindLibc<(database: string, services: string) => number>(
  'int __nss_configure_lookup(const char *database, const char *services)',
);
const copy = bindLibc<(to: Buffer, from: bigint, size: number) => void>(
  'void *memcpy(void *to, uint64_t from, size_t size)',
);
const measure = bindLibc<(text: bigint, most: number) => number>(
  'size_t strnlen(uint64_t text, size_t most)',
);

/** struct passwd and struct group on 64-bit machines: pw_name, pw_passwd, pw_uid; gr_name, gr_passwd, gr_gid. */
const ENTRY_BYTES = 64;
const ID_OFFSET = 16;
/** errno(3). */
const ERANGE = 34;
const EINTR = 4;
/** A group of 100,000 members needs some MiB. */
const MAX_BUFFER = 64 * 1024 * 1024;
const MAX_NAME = 1024;

/** The service gave no answer: it is down, not reachable from here, or broken. */
export class LookupError extends Error {}

/** Loads what a first call would, which is slow on a busy machine. */
export function loadLookup(): void {
  measure(0n, 0);
}

/** From now on this process asks that service alone, and no nscd(8). */
export function useService(service: string): void {
  for (const database of ['passwd', 'group', 'initgroups'])
    if (configure(database, service) !== 0) throw new LookupError(`glibc refuses the service ${service}`);
}

let buffer = Buffer.alloc(64 * 1024);

/** @returns name and id; null: the service does not know it. @throws LookupError */
function ask(
  call: (entry: Buffer, result: Buffer) => number,
  what: string,
): { name: string; id: number } | null {
  const entry = Buffer.alloc(ENTRY_BYTES);
  const result = Buffer.alloc(8);
  for (;;) {
    const status = call(entry, result);
    if (status === ERANGE && buffer.length < MAX_BUFFER) buffer = Buffer.alloc(buffer.length * 4);
    else if (status !== EINTR) {
      // For one service alone, ENOENT means that it could not be asked; of an unknown name it says 0.
      if (status !== 0) throw new LookupError(`${what}: ${getSystemErrorName(-status)}`);
      return result.readBigUInt64LE() === 0n
        ? null
        : { name: readText(entry.readBigUInt64LE()), id: entry.readUInt32LE(ID_OFFSET) };
    }
  }
}

function readText(address: bigint): string {
  const bytes = Buffer.alloc(measure(address, MAX_NAME));
  copy(bytes, address, bytes.length);
  return bytes.toString('latin1');
}

/** No group's; getgrouplist(3) lists the gid that it is given as well. */
const NO_GID = 4294967294;
/** The first is enough: who would be in one is refused. */
const MOST_GIDS = 16;

/** A group that lists the name, also where no account has it; null: none does. */
export function findMembership(name: string): number | null {
  const gids = Buffer.alloc(4 * MOST_GIDS);
  const count = Buffer.alloc(4);
  count.writeInt32LE(MOST_GIDS);
  getgrouplist(name, NO_GID, gids, count);
  const found = Array.from({ length: Math.min(count.readInt32LE(), MOST_GIDS) }, (_, index) =>
    gids.readUInt32LE(4 * index),
  );
  return found.find((gid) => gid !== NO_GID) ?? null;
}

export const findUid = (name: string): number | null =>
  ask((entry, result) => getpwnam(name, entry, buffer, buffer.length, result), 'getpwnam')?.id ?? null;
export const findUser = (uid: number): string | null =>
  ask((entry, result) => getpwuid(uid, entry, buffer, buffer.length, result), 'getpwuid')?.name ?? null;
export const findGid = (name: string): number | null =>
  ask((entry, result) => getgrnam(name, entry, buffer, buffer.length, result), 'getgrnam')?.id ?? null;
export const findGroup = (gid: number): string | null =>
  ask((entry, result) => getgrgid(gid, entry, buffer, buffer.length, result), 'getgrgid')?.name ?? null;
