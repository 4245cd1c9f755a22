// What every command of a node starts from: root, configuration and log.
import { readFileSync } from 'node:fs';
import { type Config, loadConfig } from '../config/config.ts';
import { createLogger, type Logger } from '../common/log.ts';
import { type Paths, pathsUnder } from '../common/paths.ts';

export interface NodeContext {
  readonly config: Config;
  readonly configFile: string;
  readonly paths: Paths;
  readonly log: Logger;
}

/**
 * Where this command works: root, configuration and log.
 * @throws AgentError config_missing, config_invalid
 */
export function openNodeContext(options: { root: string; config: string | undefined }): NodeContext {
  const paths = pathsUnder(options.root);
  const configFile = options.config ?? paths.config;
  return { config: loadConfig(configFile), configFile, paths, log: createLogger('agent') };
}

/**
 * Whether this process has no interface but loopback, which is how PrivateNetwork= and unshare --net look from inside.
 * Read from /proc, since RestrictAddressFamilies=AF_UNIX forbids the netlink socket that os.networkInterfaces needs.
 */
export function hasNoNetwork(): boolean {
  const interfaces = readFileSync('/proc/self/net/dev', 'utf8')
    .split('\n')
    .flatMap((line) => /^\s*([^:\s]+):/.exec(line)?.[1] ?? []);
  return interfaces.every((name) => name === 'lo');
}
