// nsscache.conf: sections with keys and values, as Python's configparser reads them; and its paths and queries.

/** `DEFAULT` is always there; its entries count in each section. */
export type Ini = Readonly<Record<string, Record<string, string>>> & {
  readonly DEFAULT: Record<string, string>;
};

/** Comments are whole lines; a line that begins with blanks continues the value before. */
export function parseIni(text: string): Ini {
  const sections = new Map<string, Map<string, string>>([['DEFAULT', new Map()]]);
  let section = 'DEFAULT';
  let key: string | null = null;
  for (const line of text.split('\n')) {
    if (line.trim() === '' || /^\s*[#;]/.test(line)) continue;
    const [, header] = /^\[([^\]]+)\]/.exec(line) ?? [];
    const entries = sections.get(section) ?? new Map<string, string>();
    sections.set(section, entries);
    if (header !== undefined) {
      section = header.trim();
      key = null;
    } else if (/^\s/.test(line) && key !== null) entries.set(key, `${entries.get(key) ?? ''} ${line.trim()}`);
    else {
      const [, name = '', value = ''] = /^\s*([^=:]+?)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
      key = name === '' ? null : name.toLowerCase();
      if (key !== null) entries.set(key, value);
    }
  }
  const plain = [...sections].map(([name, entries]) => [name, Object.fromEntries(entries)] as const);
  return { DEFAULT: {}, ...Object.fromEntries(plain) };
}

/** `urn:...:User/a/b` or `name/familyName` to a path of scim.attributes. */
export function toAttributePath(path: string): string {
  const steps = path.split('/').filter((step) => step !== '');
  const [first = '', ...rest] = steps;
  if (rest.length === 0) return first;
  return first.toLowerCase().startsWith('urn:') ? `${first}:${rest.join('.')}` : steps.join('.');
}

/** `a=b&c` to its parameters, decoded where they are encoded. */
export function parseQuery(query: string): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const part of query.split('&')) {
    const equals = part.indexOf('=');
    const name = (equals === -1 ? part : part.slice(0, equals)).trim();
    if (/^[A-Za-z][A-Za-z0-9_.-]*$/.test(name))
      parameters[name] = decode(equals === -1 ? '' : part.slice(equals + 1));
  }
  return parameters;
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
