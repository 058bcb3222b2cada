import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { program } from '../support/run-cli.ts';
import { writeBelow } from '../support/write-below.ts';
import { bootMany } from './boot-many.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openOperator } from './operator.ts';
import { sayYes } from './say-yes.ts';

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
const [, lines = ''] = /^```sh not-run="[^"\n]*first-machines\.test\.ts[^"\n]*"\n([\s\S]*?)^```$/m.exec(readme) ?? [];

describeOnHosts('the first lines of "Your own repository" in README.md', () => {
  it('bring agents to bare machines, for somebody who says yes', { timeout: 300_000 }, async () => {
    await using booted = await bootMany(['box1', 'box2', 'box3'], { bare: true });
    const { hosts } = booted;
    using operator = await openOperator(hosts, '');
    const directory = join(operator.home, 'fleet');
    mkdirSync(directory);
    for (const { name, address } of hosts) appendFileSync(operator.sshConfig, `Host ${name}.example\n  HostName ${address}\n`);
    writeFileSync(join(operator.home, '.ssh/known_hosts'), '');
    const own = `case $1 in fleet) set -- "$@" --ssh-config ${operator.sshConfig};; esac; exec ${process.execPath} ${program} "$@"`;
    writeBelow(operator.home, 'bin/reconcile', `#!/bin/sh\n${own}\n`);
    writeBelow(operator.home, 'lines.sh', `set -e\nchmod +x ../bin/reconcile\nexport PATH="$PWD/../bin:$PATH"\n${lines}`);
    const identity = { GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'ada@machine.example' };
    const committer = { GIT_COMMITTER_NAME: 'Ada', GIT_COMMITTER_EMAIL: 'ada@machine.example' };
    const env = { ...operator.env, ...identity, ...committer };

    const { exit, shown } = await sayYes('sh ../lines.sh', { cwd: directory, env });

    expect([exit, shown.slice(-2_000)]).toEqual([0, expect.stringContaining('3 hosts: 3 converged')]);
    for (const host of hosts) {
      expect(await host.read('/etc/motd')).toBe(`${host.name}.example: change me in git\n`);
      expect(await host.ask(['systemctl', 'is-active', 'timmy-reconciler'])).toBe('active\n');
    }
  });
});
