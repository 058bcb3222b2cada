import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { writeBelow } from './write-below.ts';
import { program, runCli } from './run-cli.ts';

export type Shell = 'bash' | 'zsh' | 'fish';

const starts: Readonly<Record<Shell, readonly [command: string, setup: string]>> = {
  bash: ['exec bash --norc --noprofile -i', "bind 'set enable-bracketed-paste off'; bind 'set completion-query-items 0'"],
  zsh: ['exec zsh -f -i', 'autoload -Uz compinit && compinit -D -u; unset zle_bracketed_paste; LISTMAX=10000'],
  fish: ['exec fish -N -i', 'function fish_prompt; end'],
};

/** A shell at a terminal that has loaded its completion script. */
export interface TypingShell extends AsyncDisposable {
  /** Types keys that end a line with `reconcile ...` in it; gives the arguments with which the program would be run. */
  type(keys: string): Promise<readonly string[]>;
}

/** `reconcile` completes, and does nothing else. */
export async function openShell(shell: Shell, home: string, cwd: string): Promise<TypingShell> {
  const stub = `case $1 in completion) exec '${process.execPath}' '${program}' "$@";; esac`;
  writeBelow(home, 'bin/reconcile', `#!/bin/sh\n${stub}\nprintf 'given:'\nprintf '%s|' "$@"\necho\n`);
  writeBelow(home, `_reconcile.${shell}`, runCli(['completion', shell]).stdout);
  const [command, setup] = starts[shell];
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd,
    env: { PATH: `${home}/bin:${process.env['PATH']}`, HOME: home, TERM: 'dumb', LC_ALL: 'C.UTF-8' },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = once(child, 'close');
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
  const type = async (keys: string): Promise<readonly string[]> => {
    shown = '';
    child.stdin.write(`${keys}\n`);
    const signal = AbortSignal.timeout(20_000);
    for (;;) {
      const given = /^given:(.*)\|\r?$/m.exec(shown)?.[1];
      if (given !== undefined) return given.split('|');
      await once(child.stdout, 'data', { signal }).catch(() => {
        throw new Error(`${shell} shows ${JSON.stringify(shown)} for ${JSON.stringify(keys)}`);
      });
    }
  };
  await type(`${setup}; source ${join(home, `_reconcile.${shell}`)}; reconcile ready`);
  return {
    type,
    async [Symbol.asyncDispose]() {
      // A shell that is killed still writes its history while its home is removed.
      child.stdin.end('\u0015exit\n');
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(timer);
    },
  };
}
