import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openUnitRig, type UnitRig } from './unit-rig.ts';

const commit = (text: string): string =>
  `echo ${text} > file && git add file && git -c user.name=Ada -c user.email=ada@machine.example commit -qm ${text} && git tag ${text}`;
const wanted = (ref: string): string => `
- { kind: package, names: [git] }
- { kind: user, name: app }
- { kind: git, path: /srv/app, repo: /srv/upstream, ref: ${ref}, user: app }
`;

describeOnHosts('checkouts on a booted host', () => {
  let host: Host;
  let rig: UnitRig;
  beforeAll(async () => {
    host = await bootHost();
    rig = await openUnitRig(host);
  }, 60_000);
  afterAll(() => host?.[Symbol.asyncDispose]());
  beforeEach(() => host.ask(['rm', '-rf', '/var/lib/timmy-reconciler', '/srv/app', '/srv/upstream']));
  const sh = async (script: string): Promise<string> => (await host.ask(['sh', '-c', script])).trim();

  it('come after git and their user, belong to that user, and then nothing is to do', async () => {
    await rig.converge('- { kind: package, names: [git] }');
    await sh(`mkdir /srv/upstream && cd /srv/upstream && git init -q && ${commit('one')} && ${commit('two')} && chown -R 1000 .`);
    await sh('useradd --uid 1000 app && apt-get remove --yes git');
    expect(await rig.converge(wanted('one'))).toMatchObject({ outcome: 'converged' });

    expect(await sh('cat /srv/app/file; find /srv/app ! -user app')).toBe('one');
    expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0 });

    const check = '- { kind: command, argv: ["false"], unless: ["false"] }';
    expect((await rig.converge(`${wanted('two')}${check}`)).exit).toBe(6);
    expect(await sh('cat /srv/app/file; cd /srv/app; su app -c "git status --porcelain"')).toBe('one');

    await sh('echo mine > /srv/app/file');
    const { exit, problems } = await rig.converge(wanted('two'));
    expect([exit, problems[0]?.message]).toEqual([7, expect.stringContaining('/srv/app has local changes')]);

    await sh('su app -c "git -C /srv/app checkout --quiet ."');
    expect(await rig.converge(wanted('two'))).toMatchObject({ outcome: 'converged' });
    await sh('echo mine > /srv/app/file');
    const { stdout } = await host.reconcile(['rollback']);
    expect(stdout).toContain('what was edited in /srv/app is in its stash');
    expect(await sh('cat /srv/app/file; su app -c "git -C /srv/app stash show --patch"')).toMatch(/^one\n[^]*\+mine$/);

    const killed = '- { kind: command, argv: [sh, -c, "kill -9 $PPID"], unless: ["false"] }';
    await expect(rig.converge(`${wanted('two')}${killed}`)).rejects.toThrow();
    await sh('echo more > /srv/app/file');
    const next = await rig.converge(wanted('one'));
    expect(next).toMatchObject({ outcome: 'converged', summary: expect.stringContaining('edited in /srv/app is in its stash') });
    expect((await host.reconcile(['show', next.run])).stdout).toContain('what was edited in /srv/app is in its stash');
  });
});
