import { execFileSync } from 'node:child_process';

/** Runs git in a directory as Ada, whatever the configuration of this machine; what it prints, trimmed. */
export function gitIn(cwd: string, ...args: readonly string[]): string {
  const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@machine.example', '-c', 'init.defaultBranch=main'];
  const env = { PATH: process.env['PATH'], HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1' };
  return execFileSync('git', [...identity, ...args], { cwd, env, encoding: 'utf8', stdio: 'pipe' }).trim();
}
