import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { program } from '../support/run-cli.ts';
import { bootHost } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openOperator, type Operator } from './operator.ts';

/** The package enables and starts its unit, which is changed back by a plan that nobody could be shown. */
const resources = `
- { kind: package, names: [sample-service] }
- { kind: service, name: sample, enabled: false, state: stopped, after: ["package[sample-service]"] }
`;

/** `reconcile fleet ...` on a terminal, where every question gets a yes. */
async function agreeing({ path, env, sshConfig }: Operator, args: readonly string[]) {
  const words = [process.execPath, program, 'fleet', ...args, '--ssh-config', sshConfig];
  const child = spawn('script', ['-qec', words.join(' '), '/dev/null'], { cwd: path, env: { ...env, TERM: 'dumb' } });
  let shown = '';
  let asked = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    const questions = shown.split('[y/N]').length - 1;
    if (questions > asked) child.stdin.write('y\n');
    asked = questions;
  });
  const [exit] = (await once(child, 'close')) as [number | null];
  return { exit, shown };
}

describeOnHosts('fleet bootstrap by a person', () => {
  it('applies what was shown after a yes, and what its packages bring against it', { timeout: 240_000 }, async () => {
    await using host = await bootHost({ name: 'ezra', bare: true });
    using operator = await openOperator([host], resources);
    operator.commit('all');

    const { exit, shown } = await agreeing(operator, ['bootstrap']);

    expect(shown).toContain('Apply this on 1 host and start the agent?');
    expect([exit, shown.slice(-2_000)]).toEqual([0, expect.stringContaining('1 host: 1 converged')]);
    expect(await host.ask(['sh', '-c', 'systemctl is-active sample timmy-reconciler || true'])).toBe('inactive\nactive\n');
  });
});
