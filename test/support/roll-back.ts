import { runCli, type CliResult } from './run-cli.ts';

const busy = 5;

/** `reconcile rollback` of a run that an agent has just told of: until it lets go of the host, a moment later, that is busy. */
export function rollBack(run: string, env: Readonly<Record<string, string>>): CliResult {
  for (let tries = 1; ; tries++) {
    const result = runCli(['rollback', run], { env });
    if (result.exit !== busy || tries === 20) return result;
  }
}
