// The rehearsal of the guide as its document has it: what to type, what comes out, and what to do on the screen.
import { readFileSync } from 'node:fs';
import path from 'node:path';

export const GUIDE = path.resolve(import.meta.dirname, '../../../src/testbed/README.md');

/** What a person does next; `line` is its place in the document. */
export type Step =
  | {
      readonly kind: 'shell';
      readonly line: number;
      readonly commands: string;
      /** A terminal by name; the reader's own has none. */
      readonly terminal: string;
      /** ends: with status 0; refused: with another; stays: goes on, once it has printed what it should. */
      readonly outcome: 'ends' | 'refused' | 'stays';
      /** Lines of which each must be printed, in this order. */
      readonly prints: readonly string[];
    }
  | {
      readonly kind: 'screen';
      readonly line: number;
      readonly sentence: string;
      /** The window in which it is done; null: the one before. */
      readonly window: 'console' | 'entra' | null;
    };

/** @throws Error for a fence of an unknown kind. */
export function readGuide(file: string): readonly Step[] {
  const steps: Step[] = [];
  const lines = readFileSync(file, 'utf8').split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const [, language, info = ''] = /^```(\w+) ?(.*)$/.exec(line) ?? [];
    if (language === undefined) {
      const item = /^\d+\. (.*)$/.exec(line)?.[1];
      if (item === undefined) continue;
      steps.push(...readItem(item, at + 1));
      continue;
    }
    const end = lines.indexOf('```', at);
    const content = lines.slice(at + 1, end);
    if (language === 'sh') steps.push(readShell(info, content, at + 1));
    else addExpectation(steps, language, content, at + 1);
    at = end;
  }
  return steps;
}

/** The sentences of an item; `In Entra:` and `In the console:` say in which window. */
function readItem(item: string, line: number): readonly Step[] {
  const [, name, rest = item] = /^In (the console|Entra): (.*)$/.exec(item) ?? [];
  const window = name === undefined ? null : name === 'Entra' ? 'entra' : 'console';
  return rest.split(/(?<=\.) (?=[A-Z])/).map((sentence, index) => ({
    kind: 'screen',
    line,
    sentence: sentence.replace(/\.$/, ''),
    window: index === 0 ? window : null,
  }));
}

function readShell(info: string, content: readonly string[], line: number): Step {
  const words = info.split(' ').filter((word) => word !== '');
  const outcome = words.includes('stays') ? 'stays' : words.includes('refused') ? 'refused' : 'ends';
  const terminal = words.find((word) => word !== outcome) ?? 'own';
  return { kind: 'shell', line, commands: content.join('\n'), terminal, outcome, prints: [] };
}

function addExpectation(steps: Step[], language: string, prints: readonly string[], line: number): void {
  const last = steps.at(-1);
  if (language !== 'text' || last?.kind !== 'shell') throw new Error(`${GUIDE}:${line}: of which commands?`);
  steps[steps.length - 1] = { ...last, prints };
}

/** What was copied or printed, by the name that the document gives it. */
export class Clipboard {
  readonly #known = new Map<string, string>();

  keep(name: string, value: string): void {
    this.#known.set(name, value);
  }

  /** The text with everything in angle brackets put in. @throws Error for what was not copied yet. */
  fill(text: string): string {
    return text.replaceAll(/<([^<>]+)>/g, (_, name: string) => {
      const value = this.#known.get(name);
      if (value === undefined) throw new Error(`<${name}> was not copied yet`);
      return value;
    });
  }

  /**
   * Whether the lines were printed in this order, and what they call by a new name; `...` stands for anything.
   * @returns the first line that is missing; null: all are there.
   */
  match(prints: readonly string[], output: string): string | null {
    const printed = output.split('\n').map((line) => line.trim().replaceAll(/\s+/g, ' '));
    let from = 0;
    for (const wanted of prints) {
      const { pattern, names } = this.#compile(wanted);
      const at = printed.findIndex((line, index) => index >= from && pattern.test(line));
      if (at < 0) return wanted;
      const values = pattern.exec(printed[at] ?? '')?.slice(1) ?? [];
      for (const [index, name] of names.entries()) this.keep(name, values[index] ?? '');
      from = at + 1;
    }
    return null;
  }

  #compile(wanted: string): { pattern: RegExp; names: string[] } {
    const names: string[] = [];
    const source = wanted.split(/(<[^<>]+>|\.\.\.)/).map((part) => {
      const name = /^<(.+)>$/.exec(part)?.[1];
      if (part === '...') return '.*';
      if (name === undefined) return RegExp.escape(part);
      if (this.#known.has(name)) return RegExp.escape(this.#known.get(name) ?? '');
      names.push(name);
      return '(.+)';
    });
    return { pattern: new RegExp(`^${source.join('')}$`), names };
  }
}
