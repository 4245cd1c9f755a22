// Skips what sudoers(5) has after the `=` of a rule, and finds where its line ends.
import type { Scanner } from './scanner.ts';
import { skipBlanks } from './sudoers-members.ts';

/** No comment where a number follows: that is an id. */
const COMMENT = /#(?:-[^\r\n0-9][^\n]*|[^\r\n0-9-][^\n]*)?\r?\n/y;
const RUNAS = /\((?:\\[^]|"(?:\\[^]|[^"\\\n])*"|[^()\\"\n])*\)/y;
const OPTION =
  /(?:ROLE|TYPE|PRIVS|LIMITPRIVS|APPARMOR_PROFILE|TIMEOUT|NOTBEFORE|NOTAFTER|CWD|CHROOT)[ \t]*=[ \t]*(?:"[^"\n]*"|(?:\\[^]|[^\\\s,:=])+)/y;
const TAG =
  /(?:NO)?(?:PASSWD|EXEC|SETENV|LOG_INPUT|LOG_OUTPUT|MAIL|FOLLOW|INTERCEPT)[ \t]*:|sha(?:224|256|384|512)[ \t]*:[ \t]*[A-Za-z0-9+/=]+(?:[ \t]*,(?=[ \t]*sha))?/y;
/** A path, an expression, an alias or a word, each with its arguments; `\` quotes what would end them. */
const COMMAND =
  /(?:\^(?:\\[^]|[^#\r\n$\\])*\$|(?:\\[^]|[^#\\:,= \t\r\n])+)(?:(?:[ \t]|\\[ \t]*\r?\n)+\^(?:\\[^]|[^#\r\n$\\])*\$|\\(?:[ \t]*\r?\n|[^])|[^#\\:,=\r\n])*/y;

/** @returns whether a `:` follows, and after it further hosts. */
export function skipCommands(scanner: Scanner): boolean {
  do {
    for (let isMore = true; isMore;) {
      skipBlanks(scanner);
      isMore = [RUNAS, OPTION, TAG, /!+/y].some((pattern) => scanner.take(pattern) !== null);
    }
    scanner.take(COMMAND);
    skipBlanks(scanner);
  } while (scanner.take(/,/y) !== null);
  return scanner.take(/:/y) !== null;
}

/** @returns whether nothing but a comment was left of the line, which is then passed. */
export function takeLineEnd(scanner: Scanner): boolean {
  skipBlanks(scanner);
  return (scanner.take(/\r?\n/y) ?? scanner.take(COMMENT)) !== null || scanner.isAtEnd();
}

/** Passes the rest of a line and of those that continue it; in a comment a backslash continues nothing. */
export function skipLine(scanner: Scanner): void {
  while (!takeLineEnd(scanner)) scanner.take(/\\[^]|[^]/y);
}
