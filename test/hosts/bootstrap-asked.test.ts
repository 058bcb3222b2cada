import { expect, it } from 'vitest';
import { program } from '../support/run-cli.ts';
import { bootHost } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openOperator } from './operator.ts';
import { sayYes } from './say-yes.ts';

/** The package enables and starts its unit, which is changed back by a plan that nobody could be shown. */
const resources = `
- { kind: package, names: [sample-service] }
- { kind: service, name: sample, enabled: false, state: stopped, after: ["package[sample-service]"] }
`;

describeOnHosts('fleet bootstrap by a person', () => {
  it('applies what was shown after a yes, and what its packages bring against it', { timeout: 240_000 }, async () => {
    await using host = await bootHost({ name: 'ezra', bare: true });
    using operator = await openOperator([host], resources);
    operator.commit('all');

    expect((await operator.cli(['bootstrap'])).stderr).toContain('nobody can be asked here: --yes applies');
    const command = `${process.execPath} ${program} fleet bootstrap --ssh-config ${operator.sshConfig}`;
    const { exit, shown } = await sayYes(command, { cwd: operator.path, env: operator.env });

    expect(shown).toContain('Apply this on 1 host and start the agent?');
    expect([exit, shown.slice(-2_000)]).toEqual([0, expect.stringContaining('1 host: 1 converged')]);
    expect(await host.ask(['sh', '-c', 'systemctl is-active sample timmy-reconciler || true'])).toBe('inactive\nactive\n');
  });
});
