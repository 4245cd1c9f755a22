// The changelog that dpkg tools read: one entry for this build; CHANGELOG.md has the details.

/** deb-changelog(5). `time` in epoch seconds. */
export function renderChangelog(version: string, time: number): string {
  const date = new Date(time * 1000).toUTCString().replace('GMT', '+0000');
  return `sunk-agent (${version}) stable; urgency=medium

  * See CHANGELOG.md of the project.

 -- sunk-agent maintainers <sunk-agent@localhost.invalid>  ${date}
`;
}
