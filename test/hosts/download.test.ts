import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openFileServer, sha256Of, type FileServer } from '../support/file-server.ts';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openUnitRig, type UnitRig } from './unit-rig.ts';

const program = (version: number): string => `#!/bin/sh\necho ${version}\n`;
const policy = '/etc/timmy-reconciler/host.yaml';

describeOnHosts('downloads on a booted host', () => {
  let host: Host;
  let rig: UnitRig;
  let server: FileServer;
  beforeAll(async () => {
    server = await openFileServer('0.0.0.0');
    for (const version of [1, 2]) server.serve(`/app-${version}`, program(version));
    host = await bootHost();
    rig = await openUnitRig(host);
  }, 60_000);
  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await host.ask(['rm', '-rf', '/var/lib/timmy-reconciler', '/opt/app']);
    await host.write(policy, 'fetch: { http: true }\n', 0o600);
  });
  const wanted = (version: number, sha256 = sha256Of(program(version))): string => `
- kind: download
  path: /opt/app
  url: http://tests.example:${server.port}/app-${version}
  sha256: ${sha256}
  mode: "0755"
`;

  it('bring a program, and an upgrade that fails afterwards brings the old one back', async () => {
    expect(await rig.converge(wanted(1))).toMatchObject({ outcome: 'converged', counts: { create: 1 } });
    expect(await host.ask(['/opt/app'])).toBe('1\n');
    server.asked.length = 0;
    expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0 });
    expect(server.asked).toEqual([]);

    const check = '- { kind: command, argv: ["false"], unless: ["false"], after: ["download[/opt/app]"] }';
    expect((await rig.converge(`${wanted(2)}\n${check}`)).exit).toBe(6);
    expect(await host.ask(['/opt/app'])).toBe('1\n');
    expect(server.asked).toEqual(['/app-2']);

    expect(await rig.converge(wanted(2))).toMatchObject({ outcome: 'converged', counts: { update: 1 } });
    expect(await host.ask(['/opt/app'])).toBe('2\n');
  });

  it('that hold something else change nothing', async () => {
    await rig.converge(wanted(1));

    expect(await rig.converge(wanted(2, sha256Of('other')))).toMatchObject({ exit: 6 });
    expect(await host.ask(['/opt/app'])).toBe('1\n');
  });

  it('without encryption are refused unless the host policy allows them', async () => {
    await host.ask(['rm', policy]);

    expect((await rig.converge(wanted(1))).problems).toMatchObject([{ code: 'fetch-denied' }]);
  });
});
