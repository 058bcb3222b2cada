import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openUnitRig, type UnitRig } from './unit-rig.ts';

const user = '- { kind: user, name: app }';
const job = '- { kind: cron, name: nightly, user: app, schedule: "1 2 * * *", command: "true" }';
const worker = `
- kind: service
  name: worker
  user: app
  unit: "[Service]\\nExecStart=/bin/sleep inf\\n[Install]\\nWantedBy=default.target\\n"
  enabled: true
  state: started`;
const userGoes = '- { kind: user, name: app, ensure: absent }';
const fails = '- { kind: command, argv: ["false"], unless: ["false"] }';

describeOnHosts('a user that goes', () => {
  let host: Host;
  let rig: UnitRig;
  beforeAll(async () => {
    host = await bootHost();
    rig = await openUnitRig(host);
  });
  afterAll(() => host?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    await host.run(['sh', '-c', 'rm -rf /var/lib/timmy-reconciler; crontab -u app -r; userdel --force --remove app']);
  });

  const crontab = async (): Promise<string> => (await host.run(['crontab', '-u', 'app', '-l'])).stdout;

  it.each([
    ['that git wants gone', `${userGoes}\n- { kind: cron, name: nightly, user: app, ensure: absent }`],
    ['and a worker that left git', userGoes],
  ])('takes a job with it %s', async (_what, last) => {
    await rig.converge([user, job, worker].join('\n'));

    expect(await rig.converge(last)).toMatchObject({ outcome: 'converged', counts: { remove: 3 } });

    expect((await host.run(['id', 'app'])).exitCode).not.toBe(0);
    expect((await host.run(['test', '-e', '/var/spool/cron/crontabs/app'])).exitCode).not.toBe(0);
    expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0 });
  });

  it('has its job again when the run fails afterwards', async () => {
    await rig.converge([user, job].join('\n'));
    const before = await crontab();

    expect((await rig.converge(`${userGoes}\n${fails}`)).outcome).toBe('rolledBack');

    expect(before).toContain('nightly');
    expect(await crontab()).toBe(before);
  });

  it.each([
    ['/etc/passwd', userGoes],
    ['/var/spool/cron/crontabs/app', job.replace('"true"', '"false"')],
  ])('or is changed is refused before anything is written where %s is immutable', async (path, change) => {
    await rig.converge([user, job].join('\n'));
    await host.ask(['chattr', '+i', path]);

    const { outcome, writes, problems } = await rig.converge(`- { kind: file, path: /srv/x, content: x }\n${change}`);
    await host.ask(['chattr', '-i', path]);

    expect({ outcome, writes }).toEqual({ outcome: 'refused', writes: 0 });
    expect(problems[0]?.message).toBe(`${path} cannot be written: it is immutable (chattr -i lifts that)`);
  });

  it('cannot have a job where cron.allow does not name it, and that is told', async () => {
    await host.write('/etc/cron.allow', 'root\n');

    const { outcome, summary } = await rig.converge([user, job].join('\n'));
    await host.ask(['rm', '/etc/cron.allow']);

    expect({ outcome, summary }).toEqual({
      outcome: 'rolledBack',
      summary: expect.stringContaining('"in: cron.d" needs no leave'),
    });
  });
});
