// Extended attributes of a file (xattr(7)): its SELinux label, its ACL, attributes that an administrator set.
import { constants } from 'node:os';
import { bindLibc, lastErrno } from '../../common/libc.ts';

type Read = (fd: number, name: string, value: Buffer | null, size: number) => number | bigint;

const flistxattr = bindLibc<(fd: number, list: Buffer | null, size: number) => number | bigint>(
  'intptr_t flistxattr(int fd, void *list, size_t size)',
);
const fgetxattr = bindLibc<Read>('intptr_t fgetxattr(int fd, const char *name, void *value, size_t size)');
const fsetxattr = bindLibc<(fd: number, name: string, value: Buffer, size: number, flags: number) => number>(
  'int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)',
);

/** Hashes and signatures of the content: false for other content, and the kernel makes them itself. */
const OF_CONTENT = new Set(['security.ima', 'security.evm']);

/** Both errors mean that this file system keeps none. */
const NONE = new Set<number>([constants.errno.ENOTSUP, constants.errno.ENOSYS]);

/** Every attribute of an open file, by name, except those of its content. */
export function readAttributes(fd: number): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  const names = readGrown((buffer, size) => flistxattr(fd, buffer, size), 'flistxattr');
  for (const name of names?.toString('utf8').split('\0') ?? []) {
    if (name === '' || OF_CONTENT.has(name)) continue;
    const value = readGrown((buffer, size) => fgetxattr(fd, name, buffer, size), `fgetxattr ${name}`);
    if (value !== null) found.set(name, value);
  }
  return found;
}

/**
 * Sets these attributes of an open file, where they differ.
 * @throws Error where the file system or the security policy refuses: a file without its label or ACL must not be used.
 */
export function writeAttributes(fd: number, wanted: ReadonlyMap<string, Buffer>): void {
  if (wanted.size === 0) return;
  const present = readAttributes(fd);
  for (const [name, value] of wanted) {
    if (present.get(name)?.equals(value) === true) continue;
    if (fsetxattr(fd, name, value, value.length, 0) !== 0) throw new SystemFailure(`cannot keep ${name}`);
  }
}

/** Reads the size, then the value; null where the attribute does not exist (any more). */
function readGrown(
  read: (buffer: Buffer | null, size: number) => number | bigint,
  call: string,
): Buffer | null {
  for (;;) {
    const size = Number(read(null, 0));
    if (size === 0) return Buffer.alloc(0);
    if (size < 0) {
      if (NONE.has(lastErrno()) || lastErrno() === ENODATA) return null;
      throw new SystemFailure(call);
    }
    const buffer = Buffer.alloc(size);
    const got = Number(read(buffer, size));
    if (got >= 0) return buffer.subarray(0, got);
    // It grew in between.
    if (lastErrno() !== constants.errno.ERANGE) throw new SystemFailure(call);
  }
}

const ENODATA = 61;

class SystemFailure extends Error {
  readonly code: string;
  constructor(what: string) {
    const number = lastErrno();
    const code =
      Object.entries(constants.errno).find(([, value]) => value === number)?.[0] ?? `errno ${number}`;
    super(`${what}: ${code}`);
    this.code = code;
  }
}
