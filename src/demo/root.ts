// A throwaway root of the demonstration: the account files of a small node, and what the agent needs there.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const NODE_FILES = {
  'etc/passwd':
    'root:x:0:0:root:/root:/bin/bash\noperator:x:1000:1000:made by hand:/home/operator:/bin/bash\n',
  'etc/group': 'root:x:0:\noperator:x:1000:\n',
  'etc/shadow': 'root:*:20000:0:99999:7:::\noperator:!:20000:0:99999:7:::\n',
  'etc/gshadow': 'root:*::\noperator:!::\n',
  'etc/shells': '/bin/sh\n/bin/bash\n',
};

export function makeRoot(root: string, config: string, token: string): void {
  for (const directory of ['etc/sunk-agent/credentials', 'etc/skel', 'home'])
    mkdirSync(path.join(root, directory), { recursive: true });
  for (const [file, content] of Object.entries(NODE_FILES)) writeFileSync(path.join(root, file), content);
  writeFileSync(path.join(root, 'etc/sunk-agent/config.yaml'), config);
  const credential = path.join(root, 'etc/sunk-agent/credentials/scim-token');
  writeFileSync(credential, `${token}\n`, { mode: 0o600 });
}
