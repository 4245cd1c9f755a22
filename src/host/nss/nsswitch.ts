// The services of nsswitch.conf(5), as glibc reads the file.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

type Database = 'passwd' | 'group';

/** In their order, each once; where `compat` is among them, also those that it asks for what a `+` line names. */
export function listNssServices(root: string, databases: readonly Database[]): string[] {
  const file = path.join(root, 'etc/nsswitch.conf');
  const text = existsSync(file) ? readFileSync(file, 'latin1') : '';
  const found = databases.flatMap((database) => {
    const services = readLine(text, database);
    return services.includes('compat') ? [...services, ...readLine(text, `${database}_compat`)] : services;
  });
  return [...new Set(found)];
}

/** Blanks may stand before the colon; what is in brackets is an action. */
function readLine(text: string, database: string): string[] {
  const lines = text.matchAll(new RegExp(`^[ \\t]*${database}[ \\t]*:([^#\\n]*)`, 'gm'));
  return [...lines].flatMap(([, line = '']) =>
    line
      .replace(/\[[^\]]*\]/g, ' ')
      .split(/\s+/)
      .filter(Boolean),
  );
}
