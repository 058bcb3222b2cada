import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { program } from './run-cli.ts';

/** A line of the agent's log. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly outcome?: string;
  readonly commit?: string | null;
  readonly run?: string;
}

/** `reconcile agent` as a process. */
export interface AgentProcess extends AsyncDisposable {
  readonly pid: number;
  /** Everything it said so far, on both streams. */
  readonly lines: readonly LogLine[];
  /** The first line that fits, said already or not; rejects when the process ends before. */
  line(fits: (line: LogLine) => boolean): Promise<LogLine>;
  /** The next line that fits, from now on. */
  next(fits: (line: LogLine) => boolean): Promise<LogLine>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the exit code, null after a signal. */
  readonly ended: Promise<number | null>;
}

/** `main`: of another version. */
export function startAgentProcess(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  main: string = program,
): AgentProcess {
  // As the installed command starts it.
  const child = spawn(process.execPath, ['--inspect-publish-uid=stderr', main, 'agent', ...args], {
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: LogLine[] = [];
  const waiting = new Set<{
    readonly fits: (line: LogLine) => boolean;
    resolve(line: LogLine): void;
    reject(error: Error): void;
  }>();
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (text) => {
      const line = text.startsWith('{') ? (JSON.parse(text) as LogLine) : { level: 'error', message: text };
      lines.push(line);
      for (const each of waiting) if (each.fits(line) && waiting.delete(each)) each.resolve(line);
    });
  const ended = once(child, 'close').then(([code]: (number | null)[]) => {
    const said = lines.map(({ message }) => message).join('\n');
    for (const { reject } of waiting) reject(new Error(`the agent ended (${code}) after saying:\n${said}`));
    return code ?? null;
  });
  const next: AgentProcess['next'] = (fits) => new Promise((resolve, reject) => void waiting.add({ fits, resolve, reject }));
  return {
    pid: child.pid!,
    lines,
    next,
    line: (fits) => {
      const found = lines.find(fits);
      return found ? Promise.resolve(found) : next(fits);
    },
    kill: (signal) => void child.kill(signal),
    ended,
    async [Symbol.asyncDispose]() {
      waiting.clear();
      child.kill('SIGKILL');
      await ended;
    },
  };
}
