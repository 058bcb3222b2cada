import { afterAll, beforeAll, expect, it } from 'vitest';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openUnitRig, type UnitRig } from './unit-rig.ts';

/** Waits to be told that it runs, and is started again whenever it ends. */
const looping = (description: string): string => `
- kind: service
  name: loop
  unit: |
    [Unit]
    Description=${description}
    StartLimitIntervalSec=0
    [Service]
    Type=notify
    NotifyAccess=all
    ExecStart=/srv/loop
    Restart=always
    RestartSec=100ms
  state: started
  settle: 300ms
`;

const works = 'systemd-notify --ready; exec sleep 1000';
const mended = `- { kind: file, path: /srv/loop, content: "#!/bin/sh\\n${works}\\n", mode: "0755" }\n`;

describeOnHosts('a unit that is started again and again', () => {
  let host: Host;
  let rig: UnitRig;
  beforeAll(async () => {
    host = await bootHost();
    rig = await openUnitRig(host);
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  it('does not keep the host from the revision that mends it', async () => {
    const program = (text: string): Promise<unknown> => host.write('/srv/loop', `#!/bin/sh\n${text}\n`, 0o755);
    await program(works);
    expect((await rig.converge(looping('Good'))).outcome).toBe('converged');
    await program('exit 1');
    await host.ask(['systemctl', 'kill', '--signal=SIGKILL', 'loop']);
    await host.ask([
      'sh',
      '-c',
      'until [ "$(systemctl show --value --property=ActiveState loop)" = activating ]; do sleep 0.05; done',
    ]);

    const bad = await rig.converge(looping('No better'));
    const ofBad = await rig.show('loop', 'Description', 'ActiveState');
    const good = await rig.converge(`${mended}${looping('Mended')}`);

    expect([bad.outcome, ofBad]).toEqual(['rolledBack', ['Good', 'activating']]);
    expect([good.outcome, await rig.show('loop', 'Description', 'ActiveState')]).toEqual(['converged', ['Mended', 'active']]);
  });
});
