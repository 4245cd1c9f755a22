// Says at each step what the demo does, and shows the commands that do it.

const isColoured = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;

const paint = (code: string, text: string): string => (isColoured ? `\u001b[${code}m${text}\u001b[0m` : text);

let steps = 0;

/** A new step. */
export function tell(text: string): void {
  steps += 1;
  console.log(`\n${paint('1', `${steps}. ${text}`)}`);
}

/** A command as a person would type it, and what it printed. */
export function show(command: string, output: string): void {
  console.log(paint('36', `$ ${command}`));
  if (output.trim() !== '') console.log(output.trimEnd());
}

/** A remark. */
export function remark(text: string): void {
  console.log(paint('2', text));
}
