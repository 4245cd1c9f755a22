// What every command of a node starts from: root, configuration and log.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Config, loadConfig } from '../config/config.ts';
import { AgentError, describeError } from '../common/errors.ts';
import { createLogger, type Logger } from '../common/log.ts';
import { type Paths, pathsUnder } from '../common/paths.ts';
import { replaceFiles } from '../host/fs/atomic-file.ts';

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
  const config = loadConfig(configFile);
  return { config, configFile, paths: placeSudoers(paths, config), log: createLogger('agent') };
}

/** A publisher gives no sudo on its own host: the rules lie beside the accounts that it publishes. */
function placeSudoers(paths: Paths, { accounts }: Config): Paths {
  return accounts.backend === 'publish'
    ? { ...paths, sudoers: path.join(paths.root, accounts.nsscache_dir, 'sudoers') }
    : paths;
}

/**
 * The same for a command that must work on the day the configuration is broken: with the last one that was sound.
 * @param onFallback called with what is wrong with the present one.
 * @throws AgentError config_missing, config_invalid: there is no sound one.
 */
export function openNodeContextOrLastGood(
  options: { root: string; config: string | undefined },
  onFallback: (error: AgentError) => void,
): NodeContext {
  try {
    return openNodeContext(options);
  } catch (error) {
    const { lastGoodConfig } = pathsUnder(options.root);
    if (!(error instanceof AgentError) || !existsSync(lastGoodConfig)) throw error;
    const node = openNodeContext({ ...options, config: lastGoodConfig });
    onFallback(error);
    return node;
  }
}

/** Keeps a copy of the configuration that this process could read; that it cannot be kept delays nothing. */
export function keepLastGoodConfig({ configFile, paths, log }: NodeContext): void {
  try {
    const text = readFileSync(configFile, 'utf8');
    if (existsSync(paths.lastGoodConfig) && readFileSync(paths.lastGoodConfig, 'utf8') === text) return;
    mkdirSync(path.dirname(paths.lastGoodConfig), { recursive: true, mode: 0o755 });
    replaceFiles([{ file: paths.lastGoodConfig, data: text, encoding: 'utf8', mode: 0o600 }]);
  } catch (error) {
    log.warn(`no copy of the configuration is kept: ${describeError(error)}`);
  }
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
