import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Report } from '../../src/model/report.ts';
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

  it('or that cannot be started again, does not either', async () => {
    const worn = (description: string): string =>
      looping(description).replaceAll('loop', 'worn').replace('Restart=always', 'Restart=no');
    const program = (text: string): Promise<unknown> => host.write('/srv/worn', `#!/bin/sh\n${text}\n`, 0o755);
    await program(works);
    expect((await rig.converge(worn('Good'))).outcome).toBe('converged');
    await program('exit 1');

    const bad = await rig.converge(worn('No better'));
    const again = await rig.run();
    const before = await rig.converge(worn('Good'));
    const good = await rig.converge(`${mended.replace('loop', 'worn')}${worn('Mended')}`);

    const lost = [expect.stringMatching(/^service\[worn\]: .*worn/)];
    expect(bad).toMatchObject({ exit: 8, unrestored: [{ run: bad.run, faults: lost, isOpen: true }] });
    expect(again).toMatchObject({ exit: 7, problems: [{ code: 'quarantined' }] });
    expect(again).toMatchObject({ recovered: [], unrestored: [{ run: bad.run, faults: lost, isOpen: false }] });
    expect(again.summary).toContain(`Of run ${bad.run} this could not be put back: service[worn]: `);
    expect((await host.reconcile(['show', again.run])).stdout).toContain('could not be put back');
    expect(before).toMatchObject({ exit: 6, retriable: true });
    expect(before.unrestored).toBeUndefined();
    expect(good).toMatchObject({ outcome: 'converged' });
    expect(await rig.show('worn', 'Description', 'ActiveState')).toEqual(['Mended', 'active']);

    const later = await rig.converge(`${mended.replace('loop', 'worn')}${worn('Later')}`);
    await program('exit 1');
    await host.ask(['systemctl', 'stop', 'worn']);
    const rollback = async (...args: readonly string[]): Promise<Report> =>
      JSON.parse((await host.reconcile(['rollback', '-o', 'json', ...args])).stdout) as Report;
    expect(await rollback()).toMatchObject({ exit: 8, unrestored: [{ run: later.run, isOpen: true }] });
    expect(await rollback()).toMatchObject({ exit: 8, unrestored: [{ run: later.run, isOpen: false }] });
    expect((await host.reconcile(['rollback', later.run])).stderr).toContain(
      'was taken back, but not completely: service[worn]: ',
    );
    expect(await rig.show('worn', 'Description', 'ActiveState')).toEqual(['Mended', 'failed']);
  });
});
