// Names of the files of a directory that changed since the last call: inotify(7), polled, never waited for.
import { readSync } from 'node:fs';
import { bindLibc } from '../../common/libc.ts';
import { hasCode } from '../fs/read-text.ts';

const inotifyInit = bindLibc<(flags: number) => number>('int inotify_init1(int flags)');
const addWatch = bindLibc<(fd: number, directory: string, mask: number) => number>(
  'int inotify_add_watch(int fd, const char *directory, unsigned int mask)',
);
const removeWatch = bindLibc<(fd: number, watch: number) => number>(
  'int inotify_rm_watch(int fd, int watch)',
);

/** IN_NONBLOCK and IN_CLOEXEC. */
const INIT_FLAGS = 0o4000 | 0o2000000;
/** IN_MODIFY, IN_ATTRIB, IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE: every change of a file of the directory. */
const OF_FILES = 0x2 | 0x4 | 0x40 | 0x80 | 0x100 | 0x200;
/** IN_DELETE_SELF, IN_MOVE_SELF, IN_ONLYDIR. */
const OF_DIRECTORY = 0x400 | 0x800 | 0x1000000;
const QUEUE_OVERFLOW = 0x4000;

export interface DirectoryWatch {
  /**
   * Names of the files that were written, replaced, made or removed, or whose attributes changed, since the last call,
   * by any process. The kernel queues it before the writer's system call returns, so nothing is missed but what
   * does not come through this directory: a second hard link elsewhere, a memory mapping, another machine.
   * null: unknown (from now on); the caller must then read each file.
   */
  readChanges(): ReadonlySet<string> | null;
  close(): void;
}

/** One queue for all directories of the process, since the kernel grants a user few; null: none was granted. */
let queue: number | null = null;
/** Changed names by watch; null: the watch has ended, or events were lost. */
const changed = new Map<number, Set<string> | null>();
const buffer = Buffer.alloc(65_536);

/** Watches a directory from now on; null: the kernel grants no watch. */
export function watchDirectory(directory: string): DirectoryWatch | null {
  queue ??= openQueue();
  if (queue === null) return null;
  const fd = queue;
  const watch = addWatch(fd, directory, OF_FILES | OF_DIRECTORY);
  if (watch < 0) return null;
  changed.set(watch, new Set());
  return {
    readChanges() {
      drain(fd);
      const names = changed.get(watch) ?? null;
      if (names !== null && names.size > 0) changed.set(watch, new Set());
      return names;
    },
    close() {
      changed.delete(watch);
      removeWatch(fd, watch);
    },
  };
}

function openQueue(): number | null {
  const fd = inotifyInit(INIT_FLAGS);
  return fd < 0 ? null : fd;
}

/** Sorts the queued events by watch: `struct inotify_event`, in the machine's own order. */
function drain(fd: number): void {
  for (let length = readQueue(fd); length > 0; length = readQueue(fd)) {
    for (let at = 0; at < length;) {
      const watch = buffer.readInt32LE(at);
      const mask = buffer.readUInt32LE(at + 4);
      const nameLength = buffer.readUInt32LE(at + 12);
      const name = buffer.toString('utf8', at + 16, at + 16 + nameLength).replace(/\0+$/, '');
      at += 16 + nameLength;
      if ((mask & QUEUE_OVERFLOW) !== 0) for (const every of changed.keys()) changed.set(every, null);
      // An event without a name is about the directory itself, which was removed or moved.
      else if (name === '') endWatch(watch);
      else changed.get(watch)?.add(name);
    }
  }
}

function endWatch(watch: number): void {
  if (changed.has(watch)) changed.set(watch, null);
}

function readQueue(fd: number): number {
  try {
    return readSync(fd, buffer);
  } catch (cause) {
    if (hasCode(cause, 'EAGAIN')) return 0;
    throw cause;
  }
}
