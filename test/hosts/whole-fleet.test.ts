import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Report } from '../../src/model/report.ts';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openFleetRig, type FleetRig } from './fleet-rig.ts';
import { listUnitFiles, takeRolesAway } from './take-roles-away.ts';

interface Machine {
  readonly host: Host;
  readonly rig: FleetRig;
  /** Unit files before the first run. */
  readonly bare: string;
}

/** ezra and forge are those of `roles.test.ts`. */
const ports = { allegro: 8650, bezalel: 8656 };
/** A Mac has no booted machine here: its files are made below a directory of this one. */
const mac = ['--host', 'timmy', '--root', '/srv/timmy'];
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

describeOnHosts('the rest of the fleet', () => {
  const machines = new Map<string, Machine>();
  const first = new Map<string, Report>();
  beforeAll(async () => {
    for (const [name, port] of Object.entries(ports)) {
      const host = await bootHost({ name });
      machines.set(name, { host, rig: await openFleetRig(host, name, port), bare: await listUnitFiles(host) });
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
    const reports = await Promise.all([...machines].map(async ([name, { rig }]) => [name, await rig.run()] as const));
    return { ...Object.fromEntries(reports), timmy: await runMac() };
  };

  it('converges completely, and the second time nothing changes and nothing restarts', async () => {
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
      const { host, rig, bare } = machines.get(name)!;

      await takeRolesAway(host, rig, first.get(name)!, bare);
    },
    300_000,
  );
});
