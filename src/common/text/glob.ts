// Patterns of the configuration and of sshd_config: `*` and `?`.

/** `*` matches any run of characters, `?` one character, all else itself; case counts, and the whole text must match. */
export function compileGlob(pattern: string): RegExp {
  const source = pattern
    .replace(/[\\^$.+()[\]{}|/]/g, '\\$&')
    .replaceAll('*', '[^]*')
    .replaceAll('?', '[^]');
  return new RegExp(`^${source}$`, 'u');
}
