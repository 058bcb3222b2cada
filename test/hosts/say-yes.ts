import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs a shell command on a terminal of its own, where every question of the program gets a yes. */
export async function sayYes(command: string, { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }) {
  const child = spawn('script', ['-qec', command, '/dev/null'], { cwd, env: { ...env, TERM: 'dumb' } });
  let [shown, asked] = ['', 0];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    const questions = shown.split('[y/N]').length - 1;
    if (questions > asked) child.stdin.write('y\n');
    asked = questions;
  });
  const [exit] = (await once(child, 'close')) as [number | null];
  return { exit, shown };
}
