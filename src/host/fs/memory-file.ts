// A file that exists in memory alone, for a secret that another process reads (memfd_create(2)).
import { fchmodSync, writeSync } from 'node:fs';
import { bindLibc } from '../../common/libc.ts';
import { AgentError } from '../../common/errors.ts';

const memfdCreate = bindLibc<(name: string, flags: number) => number>(
  'int memfd_create(const char *name, unsigned int flags)',
);

const MFD_CLOEXEC = 1;

/**
 * A descriptor of a new file of mode 0600 with this text; the file ends with its last descriptor, also by a kill.
 * @throws AgentError host_write
 */
export function openMemoryFile(name: string, text: string): number {
  const fd = memfdCreate(name, MFD_CLOEXEC);
  if (fd < 0) throw new AgentError('host_write', 'the kernel makes no file in memory (memfd_create)');
  fchmodSync(fd, 0o600);
  writeSync(fd, text);
  return fd;
}
