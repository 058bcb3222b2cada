import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { sha256 } from '../../src/model/json.ts';
import { bootHost, type Host } from './boot-host.ts';
import { openDeadmanRig } from './deadman-rig.ts';
import { describeOnHosts } from './describe-on-hosts.ts';

const isLong = process.env['LONG'] === '1';
const curl = "curl -s -o /dev/null -m 1 -w '%{http_code}' http://127.0.0.1:8648/health || :";

describeOnHosts('deadman on a booted host', () => {
  let host: Host;
  let rig: Awaited<ReturnType<typeof openDeadmanRig>>;
  beforeAll(async () => {
    host = await bootHost();
    rig = await openDeadmanRig(host);
    await host.ask(['apt-get', 'install', '--yes', '-qq', 'jq', 'curl']);
    await rig.sh(`printf 'model: good\\n' >/srv/agent/config.yaml; echo 200 >/srv/agent/answer`);
    // Real cron would check in between.
    await host.ask(['systemctl', 'stop', 'cron']);
    expect(await rig.watch()).toMatchObject({ outcome: 'converged', counts: { create: 2 } });
  });
  afterAll(() => host?.[Symbol.asyncDispose]());
  beforeEach(() => rig.begin());

  it('is converged with one run, and the second has nothing to do', async () => {
    expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0 });
  });

  it('heals what somebody does to it: settings, modes, job', async () => {
    const heals = async (): Promise<readonly string[]> => {
      const { steps, outcome } = await rig.run();
      expect(outcome).toBe('converged');
      expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0 });
      return steps.flatMap(({ changes }) => changes.map(({ field }) => field));
    };

    await rig.sh(`sed -i 's/"failures": 3/"failures": 30000/' /etc/reconcile-deadman/ezra.json`);
    expect(await heals()).toEqual(['settings']);
    await rig.sh('chmod 0666 /etc/reconcile-deadman/ezra.json; chown daemon /etc/reconcile-deadman/ezra.json');
    expect(await heals()).toEqual(['mode', 'owner']);
    await rig.sh('rm /etc/cron.d/deadman-ezra');
    expect(await heals()).toEqual(['cron entry']);
  });

  it('restarts a process that died, tells that once, and tells that it is well', async () => {
    await rig.tick();
    await rig.sh('systemctl kill --signal=KILL hermes-ezra');

    await rig.tick(2);
    expect(await rig.sh(curl)).toBe('000');
    await rig.tick(1);
    await rig.sh('until curl -s -o /dev/null http://127.0.0.1:8648/; do :; done');
    expect(await rig.tick(3)).toMatchObject({ condition: 'well', verdict: 'healthy' });

    expect(await rig.told()).toEqual(['ezra is dead', 'ezra is well again']);
    expect((await rig.rows()).at(-1)).toMatchObject({ model: 'restart', status: 'success' });
    expect(await host.read('/var/log/deadman.log')).toContain('hermes-ezra.service is failed (failed, signal)');
  });

  it('restarts a process that hangs, although systemd calls it active', async () => {
    await rig.tick();
    await rig.sh('systemctl kill --signal=STOP hermes-ezra');

    const { reasons } = await rig.tick(2);
    expect(reasons).toEqual(['the gateway did not answer within 1 s']);
    expect(await rig.show('hermes-ezra', 'ActiveState')).toEqual(['active']);
    await rig.tick();

    await rig.sh('until curl -s -o /dev/null http://127.0.0.1:8648/; do :; done');
    expect(await rig.tick(2)).toMatchObject({ condition: 'well' });
  });

  it('leaves a process alone that answers 401, however long', async () => {
    await rig.tick();
    const pid = await rig.show('hermes-ezra', 'MainPID');
    await rig.sh('echo 401 >/srv/agent/answer');

    expect(await rig.tick(8)).toMatchObject({ condition: 'well', verdict: 'alive' });

    expect(await rig.show('hermes-ezra', 'MainPID')).toEqual(pid);
    expect(await rig.told()).toEqual([]);
  });

  it('finds a process that flaps, although it answers whenever it is looked at', async () => {
    await rig.sh(`mkdir -p /run/systemd/system/hermes-ezra.service.d
      printf '[Unit]\\nStartLimitIntervalSec=0\\n[Service]\\nRestart=always\\nRestartSec=0\\n' >/run/systemd/system/hermes-ezra.service.d/flap.conf
      systemctl daemon-reload; systemctl restart hermes-ezra`);
    await rig.tick();
    const flap = `for kill in 1 2 3 4; do
      pid=$(systemctl show --value --property=MainPID hermes-ezra); kill -KILL $pid
      while [ "$(systemctl show --value --property=MainPID hermes-ezra)" = "$pid" ] || ! curl -s -o /dev/null http://127.0.0.1:8648/; do :; done
    done`;
    for (let look = 0; look < 2; look++) {
      await rig.sh(flap);
      expect((await rig.tick()).reasons).toEqual(['hermes-ezra.service was restarted 4 times since the last check']);
    }
    await rig.sh(flap);

    expect(await rig.tick()).toMatchObject({ condition: 'dead' });

    expect((await rig.rows()).at(-1)?.text).toContain('restart 1 of 3: hermes-ezra.service was restarted 4 times');
    await rig.sh('rm -r /run/systemd/system/hermes-ezra.service.d; systemctl daemon-reload');
  });

  it('puts back the configuration that was well when restarts do not help, and logs both digests', async () => {
    await rig.tick(2);
    await rig.sh(
      `printf 'model: broken\\n' >/srv/agent/config.yaml; systemctl restart hermes-ezra; until systemctl is-failed hermes-ezra; do :; done`,
    );

    await rig.tick(6);
    await rig.sh('until curl -s -o /dev/null http://127.0.0.1:8648/; do :; done');
    const { condition } = await rig.tick(2);

    expect(condition).toBe('well');
    expect(await host.read('/srv/agent/config.yaml')).toBe('model: good\n');
    expect((await rig.rows()).slice(-4).map(({ model, status }) => `${model} ${status}`)).toEqual([
      'restart success',
      'restart success',
      'restart success',
      'rollback fallback',
    ]);
    expect((await rig.rows()).at(-1)?.text).toContain(`old=${sha256('model: broken\n')} new=${sha256('model: good\n')}`);
    expect(await rig.told()).toEqual(['ezra is dead', 'ezra is well again']);
  });

  it('keeps no configuration that the running process has not read', async () => {
    await rig.tick();
    await rig.sh(`printf 'model: broken\\n' >/srv/agent/config.yaml`);
    await rig.tick(3);

    expect(await host.read('/var/lib/reconcile-deadman/ezra/snapshots/last-good/0-config.yaml')).toBe('model: good\n');
  });

  it('gives up, flags, tells and stops, without the state of the reconciler and the network; reset begins anew', async () => {
    await rig.sh(
      'rm -rf /var/lib/timmy-reconciler; ip link set host0 down; mv /srv/agent/agent.mjs /srv/agent/gone; systemctl restart hermes-ezra',
    );
    try {
      expect(await rig.tick(9)).toMatchObject({ condition: 'given-up', deadmanActive: true });
      expect(await rig.told()).toEqual(['ezra is dead', 'ezra is dead, and the watchdog has given up']);
      const restarts = (await rig.rows()).length;
      await rig.tick(4);
      expect(await rig.rows()).toHaveLength(restarts);
    } finally {
      await rig.sh('ip link set host0 up; mv /srv/agent/gone /srv/agent/agent.mjs');
    }

    expect(await host.reconcile(['deadman', 'reset', 'ezra'])).toMatchObject({ exit: 0 });
    expect(await rig.status()).toMatchObject({ condition: 'well', deadmanActive: false });
    await rig.sh('systemctl restart hermes-ezra; until curl -s -o /dev/null http://127.0.0.1:8648/; do :; done');
    await rig.tick(2);
    expect((await rig.told()).at(-1)).toBe('ezra is well again');
  });

  it('keeps its bounds with a full disk, and is as it was when there is room again', async () => {
    await rig.sh(`mkdir -p /var/lib/reconcile-deadman; mount -t tmpfs -o size=64k tmpfs /var/lib/reconcile-deadman
      head -c 1M /dev/zero >/var/lib/reconcile-deadman/full || :; mv /srv/agent/agent.mjs /srv/agent/gone; systemctl restart hermes-ezra`);
    try {
      expect(await rig.tick(12)).toMatchObject({ condition: 'given-up', deadmanActive: false });
      await rig.sh('rm /var/lib/reconcile-deadman/full');
      expect(await rig.tick(1)).toMatchObject({ condition: 'given-up', deadmanActive: true });
    } finally {
      await rig.sh('umount /var/lib/reconcile-deadman; mv /srv/agent/gone /srv/agent/agent.mjs');
    }

    expect(await rig.told()).toEqual(['ezra is dead', 'ezra is dead, and the watchdog has given up']);
  });

  it('that cannot ask systemd restarts nothing, tells that, and tells when it can again', async () => {
    await rig.tick();
    await host.write('/usr/local/sbin/systemctl', '#!/bin/sh\necho Failed to connect to bus >&2\nexit 1\n', 0o755);
    expect(await rig.tick(4)).toMatchObject({
      condition: 'well',
      verdict: 'blind',
      reasons: [expect.stringContaining('connect to bus')],
    });
    await rig.sh('rm /usr/local/sbin/systemctl');
    await rig.tick();

    expect(await rig.told()).toEqual(['the watchdog cannot see ezra', 'the watchdog sees ezra again']);
  });

  it('does nothing while a run converges the host', async () => {
    await rig.tick();
    await rig.sh('systemctl kill --signal=KILL hermes-ezra');
    await rig.tick(2);
    await rig.pass(1);
    const argv = '[sh, -c, "reconcile deadman check ezra >/srv/agent/during; echo $? >>/srv/agent/during"]';

    const report = await rig.watch(`- { kind: command, argv: ${argv}, creates: /srv/agent/during }`);

    expect(report).toMatchObject({ outcome: 'converged' });
    expect(await host.read('/srv/agent/during')).toMatch(/suppressed .*a run of the reconciler is not over.*\n5\n$/);
    expect(await rig.told()).toEqual([]);
    await rig.tick();
    expect(await rig.told()).toEqual(['ezra is dead']);
  });

  it('fits into two seconds with its own small program, which needs neither command line nor engine', async () => {
    const started = performance.now();
    const small = ['/opt/timmy/bin/node', '/opt/timmy/dist/deadman.mjs'];
    const { exitCode, stdout } = await host.run([...small, 'check', '--settings', '/etc/reconcile-deadman/ezra.json']);

    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringContaining('ezra healthy (well)') });
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it.runIf(isLong)(
    'is run by cron itself',
    async () => {
      await host.ask(['systemctl', 'start', 'cron']);
      await rig.sh('timeout 100 sh -c "until test -e /var/lib/reconcile-deadman/ezra/state.json; do sleep 1; done"');
      await host.ask(['systemctl', 'stop', 'cron']);

      expect(await rig.status()).toMatchObject({ condition: 'well', verdict: 'healthy' });
    },
    120_000,
  );

  it('goes with its resource, and leaves what it kept', async () => {
    await rig.tick();
    expect(await rig.converge('- { kind: file, path: /etc/other, content: x }')).toMatchObject({ outcome: 'converged' });

    expect(await rig.sh('ls /etc/cron.d /etc/reconcile-deadman')).not.toContain('ezra');
    expect(await rig.sh('ls /var/lib/reconcile-deadman/ezra')).toContain('snapshots');
    await rig.watch();
  });
});
