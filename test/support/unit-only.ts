// Holds the unit tests to what they are: no child process and no listening socket, so that they run anywhere, for any user.
import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

const STARTS = ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'] as const;

for (const name of STARTS) {
  Object.assign(childProcess, {
    [name]: () => {
      throw new Error(`a unit test called ${name}: what starts a process belongs into test/scenarios`);
    },
  });
}
net.Server.prototype.listen = () => {
  throw new Error('a unit test listened on a socket: that belongs into test/scenarios');
};
syncBuiltinESMExports();
