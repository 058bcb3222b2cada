import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { site } from '../support/repository.ts';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openUnitRig, type UnitRig } from './unit-rig.ts';

/** Stands in for docker, which the cache of packages does not have: remembers containers by project, service and image. */
const docker = `#!/bin/sh
echo "$*" >>/srv/docker/asked
case $1 in
  ps) cat /srv/docker/containers ;;
  compose)
    shift
    if [ "$1" = --project-name ]; then project=$2; shift 2; fi
    if [ "$1" = --file ]; then file=$2; shift 2; fi
    case $1 in
      config) ! grep -q invalid "$file" || { echo 'is invalid' >&2; exit 1; } ;;
      down) sed -i "/^$project\\t/d" /srv/docker/containers ;;
      up)
        [ ! -e /srv/docker/kill ] || { rm /srv/docker/kill; kill -9 $PPID; exit 1; }
        [ ! -e /srv/docker/orphan ] || { rm /srv/docker/orphan; cp "$file" /srv/docker/read; file=/srv/docker/read; kill -9 $PPID; sleep 2; }
        for image in $(cat /srv/docker/missing); do ! grep -q "$image" "$file" || { echo "no image $image" >&2; exit 1; }; done
        sed -i "/^$project\\t/d" /srv/docker/containers
        sed -n "s/^  \\([a-z]*\\): { image: \\(.*\\) }/$project\\t\\1\\trunning\\tUp \\2\\tFalse/p" "$file" >>/srv/docker/containers ;;
    esac ;;
esac
`;
const project = (image: string): string =>
  `- { kind: compose, project: app, path: /srv/app.yaml, content: "services:\\n  web: { image: ${image} }\\n" }\n`;

describeOnHosts('projects of compose on a booted host', () => {
  let host: Host;
  let rig: UnitRig;
  beforeAll(async () => {
    host = await bootHost();
    rig = await openUnitRig(host);
  }, 60_000);
  afterAll(() => host?.[Symbol.asyncDispose]());
  const sh = async (script: string): Promise<string> => (await host.ask(['sh', '-c', script])).trim();
  const containers = (): Promise<string> => sh("cut -f -4 /srv/docker/containers | tr '\\t' ' '");
  const install = async (): Promise<void> => {
    await host.write('/usr/local/bin/docker', docker, 0o755);
    await sh(
      'mkdir -p /srv/docker; : >/srv/docker/containers; : >/srv/docker/asked; echo missing >/srv/docker/missing; touch /run/docker.sock',
    );
  };
  beforeEach(async () => {
    await sh('rm -rf /var/lib/timmy-reconciler /srv/app.yaml /srv/docker /run/docker.sock /usr/local/bin/docker');
  });

  it('have their file also where no docker is, and the plan says so', async () => {
    const { outcome, steps } = await rig.converge(project('web:1'));

    expect(outcome).toBe('converged');
    expect(JSON.stringify(steps)).toContain('its containers are unsupported here: no docker');
    expect(await host.read('/srv/app.yaml')).toContain('web:1');
    expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0 });

    await install();
    expect((await rig.run()).steps[0]?.changes).toEqual([{ field: 'containers', from: 'without web', to: 'up' }]);
    expect(await containers()).toBe('app web running Up web:1');
  });

  it('are started, asked for once per look, restored when they are stopped, and ended when they leave git', async () => {
    await install();
    expect(await rig.converge(project('web:1'))).toMatchObject({ outcome: 'converged' });
    await sh(': >/srv/docker/asked');
    expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0 });
    expect((await sh('cut -d " " -f 1 /srv/docker/asked')).split('\n')).toEqual(['ps']);

    await sh("sed -i 's/running/exited/' /srv/docker/containers");
    expect(await rig.run()).toMatchObject({ outcome: 'converged', counts: { update: 1 } });
    expect(await containers()).toBe('app web running Up web:1');

    await rig.converge('- { kind: file, path: /srv/x, content: x }');
    expect(await containers()).toBe('');
    expect((await host.run(['test', '-e', '/srv/app.yaml'])).exitCode).toBe(1);
  });

  it('go back to the images that they had when anything fails', async () => {
    await install();
    const fails = '- { kind: command, argv: ["false"], unless: ["false"] }';
    expect((await rig.converge(`${project('web:1')}${fails}`)).exit).toBe(6);
    expect(await containers()).toBe('');

    await rig.converge(project('web:1'));
    const moved = project('web:2').replace('app.yaml', 'moved.yaml');
    for (const broken of [`${project('web:2')}${fails}`, `${moved}${fails}`, project('missing'), project('invalid')]) {
      expect((await rig.converge(broken)).exit).toBe(6);
      expect(await containers()).toBe('app web running Up web:1');
      expect(await host.read('/srv/app.yaml')).toContain('web:1');
    }
  });

  it('are as before when docker went on after its run was killed', async () => {
    await install();
    await rig.converge(project('web:1'));
    await host.write('/srv/docker/orphan', '');
    await host.write('/srv/config/desired-state/site.yaml', site(project('web:2')));
    const outliving = 'systemd-run --quiet --wait --collect --property=KillMode=process env --unset=INVOCATION_ID';
    expect(await sh(`${outliving} /usr/local/bin/reconcile --source /srv/config --host box || echo killed`)).toBe('killed');

    expect(await rig.converge(project('web:1'))).toMatchObject({ outcome: 'converged' });
    await sh('while pgrep --exact docker; do sleep 0.1; done');
    expect(await containers()).toBe('app web running Up web:1');
  });

  it('whose images are gone do not keep the host from the revision that mends it, wherever runs are killed', async () => {
    await install();
    const others =
      '- { kind: file, path: /srv/x, content: x }\n- { kind: compose, project: other, path: /srv/other.yaml, content: "services:\\n  web: { image: other:1 }\\n" }\n';
    await rig.converge(`${project('web:1')}${others}`);
    await sh('echo web:1 web:2 >/srv/docker/missing');
    const killed = async (): Promise<void> => {
      await host.write('/srv/docker/kill', '');
      await expect(rig.run()).rejects.toThrow();
    };
    await expect(rig.converge(`${project('web:1')}${others}`)).resolves.toMatchObject({ outcome: 'converged' });
    await host.write('/srv/docker/kill', '');
    await expect(
      rig.converge(`${project('web:2')}${others.replace('content: x', 'content: y').replace('other:1', 'other:2')}`),
    ).rejects.toThrow();
    await killed();

    const told = await rig.run();
    await killed();
    const mended = await rig.converge(`${project('web:3')}${others}`);

    const [lost] = told.unrestored ?? [];
    expect(told).toMatchObject({
      exit: 8,
      unrestored: [{ isOpen: true, faults: [expect.stringMatching(/^compose\[app\]: .*no image web:1/s)] }],
    });
    expect((await host.reconcile(['show', told.run])).stdout).toContain('no image web:1');
    expect([await host.read('/srv/x'), await host.read('/srv/other.yaml')]).toEqual(['x', expect.stringContaining('other:1')]);
    expect(mended).toMatchObject({ outcome: 'converged', unrestored: [{ ...lost, isOpen: false }] });
    expect((await containers()).split('\n').sort()).toEqual(['app web running Up web:3', 'other web running Up other:1']);
    expect((await rig.run()).unrestored).toBeUndefined();
  });
});
