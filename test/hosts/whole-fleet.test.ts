import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Report } from '../../src/model/report.ts';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openFleetRig, type FleetRig } from './fleet-rig.ts';

interface Machine {
  readonly host: Host;
  readonly rig: FleetRig;
  /** Unit files before the first run. */
  readonly bare: string;
}

const ports = { allegro: 8650, bezalel: 8656, ezra: 8648, forge: 0 };
/** A Mac has no booted machine here: its files are made below a directory of this one. */
const mac = ['--host', 'timmy', '--root', '/srv/timmy'];
const unitFiles = ['find', '/etc/systemd/system', '-maxdepth', '1', '-type', 'f'];
const checkPlists = `
import pathlib, plistlib
for path in sorted(pathlib.Path('/srv/timmy').rglob('*.plist')):
    job = plistlib.loads(path.read_bytes())
    assert job['Label'] == path.stem, path
    program = job['ProgramArguments']
    assert program and all(isinstance(word, str) for word in program) and program[0].startswith('/'), path
    assert type(job.get('RunAtLoad', True)) is bool and isinstance(job.get('KeepAlive', True), (bool, dict)), path
    assert all(isinstance(value, str) for value in job.get('EnvironmentVariables', {}).values()), path
    print(path.stem)
`;

const propertiesOf = (role: string): object =>
  (
    parse(readFileSync(join(import.meta.dirname, `../../roles/${role}/role.yaml`), 'utf8')) as {
      parameters?: { properties?: object };
    }
  ).parameters?.properties ?? {};
const rolesOf = ({ steps }: Report): readonly string[] => [...new Set(steps.flatMap(({ role }) => role ?? []))];

/** All its roles to be absent; those that cannot be leave git. */
async function makeAbsent({ host, rig }: Machine, roles: readonly string[]): Promise<void> {
  const uses = roles
    .filter((role) => Object.hasOwn(propertiesOf(role), 'ensure'))
    .map((role) => ({ role, with: { ensure: 'absent', ...(role === 'conduit' && { server_name: 'matrix.example' }) } }));
  const site = { assignments: [{ hosts: 'all', roles: uses }] };
  await rig.edit('desired-state/site.yaml', () => JSON.stringify(site));
  await host.write('/srv/config/desired-state/policy.yaml', '{ destroy: { max_delete: 1000, max_delete_percent: 100 } }\n');
}

describeOnHosts('the whole fleet', () => {
  const machines = new Map<string, Machine>();
  const first = new Map<string, Report>();
  beforeAll(async () => {
    for (const [name, port] of Object.entries(ports)) {
      const host = await bootHost({ name });
      machines.set(name, { host, rig: await openFleetRig(host, name, port), bare: await host.ask(unitFiles) });
    }
  }, 300_000);
  afterAll(async () => {
    for (const { host } of machines.values()) await host[Symbol.asyncDispose]();
  });
  const runMac = async (): Promise<Report> => {
    const { stdout, stderr } = await machines.get('bezalel')!.host.reconcile(['--source', '/srv/config', ...mac, '-o', 'json']);
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as Report;
  };
  const runAll = async (): Promise<Readonly<Record<string, Report>>> => {
    const reports: Record<string, Report> = {};
    // Two at a time: more wait for each other.
    const names = [...machines.keys()];
    const work = async (): Promise<void> => {
      for (let name = names.shift(); name !== undefined; name = names.shift())
        reports[name] = await machines.get(name)!.rig.run();
    };
    await Promise.all([work(), work()]);
    return { ...reports, timmy: await runMac() };
  };

  it('all five hosts converge completely, and the second time nothing changes and nothing restarts', async () => {
    for (const [name, report] of Object.entries(await runAll())) {
      first.set(name, report);
      expect.soft(report, name).toMatchObject({ outcome: 'converged', problems: [] });
    }
    for (const [name, report] of Object.entries(await runAll()))
      expect.soft(report, name).toMatchObject({ outcome: 'converged', writes: 0, refreshes: [] });
    for (const { host } of machines.values())
      expect(await host.ask(['systemctl', '--failed', '--no-legend', '--plain'])).toBe('');
    const plists = await machines.get('bezalel')!.host.ask(['python3', '-c', checkPlists]);
    expect(plists.split('\n')).toContain('ai.ollama.server');
  }, 900_000);

  it.each(Object.keys(ports))(
    '%s can be without each of its roles: no unit of theirs is left, and then nothing is to do',
    async (name) => {
      const machine = machines.get(name)!;
      await makeAbsent(machine, rolesOf(first.get(name)!));

      const report = await machine.rig.run();

      expect(report).toMatchObject({ outcome: 'converged', problems: [] });
      expect(await machine.rig.run()).toMatchObject({ outcome: 'converged', writes: 0, refreshes: [] });
      const left = (await machine.host.ask(unitFiles)).split('\n').filter((file) => !machine.bare.split('\n').includes(file));
      expect(left).toEqual([]);
      expect(await machine.host.ask(['systemctl', '--failed', '--no-legend', '--plain'])).toBe('');
    },
    300_000,
  );
});
