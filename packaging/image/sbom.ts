// The bill of materials of the image (CycloneDX 1.6): Debian's packages, npm's, and Node; the same bytes for the same image.
import type { SystemPackage } from './rootfs.ts';

export interface BundledPackage {
  readonly name: string;
  readonly version: string;
}

/**
 * @param version of sunk-agent.
 * @param time epoch seconds.
 */
export function renderSbom(
  version: string,
  time: number,
  architecture: string,
  system: readonly SystemPackage[],
  bundled: readonly BundledPackage[],
): string {
  const components = [
    ...system.map(({ name, version: of }) => ({
      type: 'library',
      name,
      version: of,
      purl: `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(of)}?arch=${architecture}`,
    })),
    ...bundled.map(({ name, version: of }) => ({
      type: 'library',
      name,
      version: of,
      purl: `pkg:npm/${name.replace('@', '%40')}@${of}`,
    })),
  ];
  const document = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      timestamp: new Date(time * 1000).toISOString(),
      component: { type: 'container', name: 'sunk-agent', version },
    },
    components,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
