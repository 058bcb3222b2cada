import { runProgram } from './cli/program.ts';

// Waiting for a disk is not work: more threads than processors share its commits. libuv reads this with its first use.
process.env['UV_THREADPOOL_SIZE'] ??= '8';

const abort = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const) {
  // Once: the second signal ends the process at once, and the journal takes care of the rest.
  process.once(name, () => abort.abort(interrupted(name)));
}
// Nobody insists with this one: where a terminal goes away, its shell sends it, and the system once more.
process.on('SIGHUP', () => abort.abort(interrupted('SIGHUP')));
// Output that cannot be written must not end an apply half-way; a reader that has gone away is not even an error.
let isOutputLost = false;
const outputFailed = (stream: 'stdout' | 'stderr', { code, message }: NodeJS.ErrnoException): void => {
  if (code === 'EPIPE') return;
  if (!isOutputLost && stream === 'stdout') process.stderr.write(`reconcile: the output cannot be written: ${message}\n`);
  isOutputLost = true;
  process.exitCode ||= 1;
};
for (const name of ['stdout', 'stderr'] as const) {
  // Most runs get by without these streams (src/cli/output.ts), which Node makes when they are asked for.
  const { get: make } = Object.getOwnPropertyDescriptor(process, name)!;
  const get = (): NodeJS.WriteStream => {
    const stream = make!.call(process) as NodeJS.WriteStream;
    Object.defineProperty(process, name, { value: stream });
    return stream.on('error', (error) => outputFailed(name, error));
  };
  Object.defineProperty(process, name, { get });
}
for (const event of ['unhandledRejection', 'uncaughtException']) {
  process.on(event, (error: unknown) => {
    fail(error);
    process.exit();
  });
}

/** Wrong usage. Absolute paths need no current directory. */
const nowhere = { exit: 64, hint: 'go to another one, or give --source and the other paths from / on' };
void main();

async function main(): Promise<void> {
  process.once('beforeExit', endUndone);
  try {
    process.exitCode = (await runProgram(process.argv.slice(2), abort.signal)) || (isOutputLost ? 1 : 0);
  } catch (error) {
    const isNowhere = (error as NodeJS.ErrnoException).syscall === 'uv_cwd';
    fail(isNowhere ? Object.assign(new Error('the current directory does not exist any more'), nowhere) : error);
  } finally {
    process.off('beforeExit', endUndone);
  }
}

/** With an exit code, as what is expected: there is no bug to look for. */
function interrupted(name: string): Error {
  return Object.assign(new Error(`${name} was received`), { exit: 1 });
}

/** Nothing is left to wait for, and nobody has said how it ended. */
function endUndone(): void {
  fail(new Error('the program stopped before its work was done'));
}

/** The message and, where there is one, what to do about it; the stack only for those who look for a bug. */
function fail(thrown: unknown): void {
  const error: Error & { exit?: unknown; hint?: unknown } = thrown instanceof Error ? thrown : new Error(String(thrown));
  const hint = typeof error.hint === 'string' ? error.hint : undefined;
  const shown = process.env['RECONCILE_DEBUG'] === '1' ? (error.stack ?? error.message) : error.message;
  const isExpected = typeof error.exit === 'number';
  process.stderr.write(`reconcile: ${escape(shown)}\n`);
  if (hint ?? !isExpected) process.stderr.write(`hint: ${hint ?? 'RECONCILE_DEBUG=1 shows where this came from'}\n`);
  process.exitCode = isExpected ? (error.exit as number) : 1;
}

/** Messages may quote hostile input. Not imported: this must work even when no other module could be loaded. */
function escape(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what this is about
  const control = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
  return text.replace(control, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
