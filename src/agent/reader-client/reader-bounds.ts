// What a reader may bring over its socket, checked before it is parsed: a compromised one must not stop the agent.
import type { Config } from '../../config/config.ts';
import { AgentError } from '../../common/errors.ts';
import { findExcess, type JsonLimits } from '../../protocol/json-size.ts';
import type { PageLine } from '../../protocol/page-lines.ts';

/** Of a message without a resource; the longest of an honest reader, the answer to a probe, has a tenth. */
const MESSAGE_BYTES = 256 * 1024;
const MESSAGE_LIMITS: JsonLimits = { depth: 10, values: 20_000 };
const RESOURCE_MESSAGE = Buffer.from('{"say":"resource",');
/** With the passwd of another program: a Secret holds 1 MiB, and base64 adds a third. */
const SECRETS_MESSAGE = Buffer.from('{"say":"secrets",');
const SECRETS_BYTES = 2 * 1024 * 1024;
/** Around the resources of a page, or the one of a message. */
const OUTER_DEPTH = 2;
/** Resources of one fetch: five times the largest store that is measured. */
const RESOURCES = 500_000;
/** Messages in one minute that answer no question. */
const NOTICES = 10_000;
/** What an answer may take beyond `scim.bounds.pass`, after which an honest reader gives up. */
const GRACE_MS = 60_000;

export interface ReaderBounds {
  /** Longest line in bytes: one resource can be as large as an answer of the store. */
  readonly lineBytes: number;
  /** Until an answer must have come, in milliseconds. */
  readonly patience: number;
  /** @throws AgentError reader_failed */
  checkLine(line: Buffer, isPage: boolean): void;
  /** @throws AgentError reader_failed: there were too many of late. */
  countNotice(): void;
  /** A sink that takes the pages of one fetch as far as the bounds go. @throws AgentError reader_failed */
  limitFetch(sink: (line: PageLine) => number): (line: PageLine) => void;
}

export function createReaderBounds(bounds: Config['scim']['bounds']): ReaderBounds {
  const resource: JsonLimits = {
    depth: bounds.depth + OUTER_DEPTH,
    values: Math.max(100_000, Math.floor(bounds.page_bytes / 16)),
  };
  const notices = { since: 0, count: 0 };
  return {
    lineBytes: bounds.page_bytes + MESSAGE_BYTES,
    patience: bounds.pass * 1000 + GRACE_MS,
    checkLine(line, isPage) {
      const hasResource = isPage || line.subarray(0, RESOURCE_MESSAGE.length).equals(RESOURCE_MESSAGE);
      const hasSecrets = line.subarray(0, SECRETS_MESSAGE.length).equals(SECRETS_MESSAGE);
      if (!hasResource && line.length > (hasSecrets ? SECRETS_BYTES : MESSAGE_BYTES))
        throw exceed(`a message of ${line.length} bytes`);
      const excess = findExcess(line, hasResource ? resource : MESSAGE_LIMITS);
      if (excess === 'depth') throw exceed('JSON that is nested too deeply');
      if (excess === 'values') throw exceed('JSON with too many values');
    },
    countNotice() {
      const now = performance.now();
      if (now - notices.since > 60_000) Object.assign(notices, { since: now, count: 0 });
      notices.count += 1;
      if (notices.count > NOTICES) throw exceed(`more than ${NOTICES} messages in a minute`);
    },
    limitFetch(sink) {
      let bytes = 0;
      let resources = 0;
      return (line) => {
        bytes += line.resources.length;
        if (bytes > bounds.total_bytes) throw exceed(`${bytes} bytes for one fetch`);
        resources += sink(line);
        if (resources > RESOURCES) throw exceed(`more than ${RESOURCES} resources for one fetch`);
      };
    },
  };
}

function exceed(what: string): AgentError {
  return new AgentError('reader_failed', `the reader sent ${what}, and was disconnected`, {
    hint: 'journalctl -u sunk-agent-reader; scim.bounds limits what the store may answer',
  });
}
