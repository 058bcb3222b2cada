import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parse } from 'yaml';
import type { Report } from '../../src/model/report.ts';
import type { Host } from './boot-host.ts';
import type { FleetRig } from './fleet-rig.ts';

const propertiesOf = (role: string): object =>
  (
    parse(readFileSync(join(import.meta.dirname, `../../roles/${role}/role.yaml`), 'utf8')) as {
      parameters?: { properties?: object };
    }
  ).parameters?.properties ?? {};

/** The unit files of a host; before its first run they are those of Debian. */
export const listUnitFiles = (host: Host): Promise<string> =>
  host.ask(['find', '/etc/systemd/system', '-maxdepth', '1', '-type', 'f']);

/**
 * A machine can be without all the roles that `first`, its first run, has applied: those that can be absent are, the others leave git.
 * No unit of theirs is left, and then nothing is to do. `bare`: its unit files before that run.
 */
export async function takeRolesAway(host: Host, rig: FleetRig, first: Report, bare: string): Promise<void> {
  const roles = [...new Set(first.steps.flatMap(({ role }) => role ?? []))];
  const uses = roles
    .filter((role) => Object.hasOwn(propertiesOf(role), 'ensure'))
    .map((role) => ({ role, with: { ensure: 'absent', ...(role === 'conduit' && { server_name: 'matrix.example' }) } }));
  const site = { assignments: [{ hosts: 'all', roles: uses }] };
  await rig.edit('desired-state/site.yaml', () => JSON.stringify(site));
  await host.write('/srv/config/desired-state/policy.yaml', '{ destroy: { max_delete: 1000, max_delete_percent: 100 } }\n');

  const report = await rig.run();

  expect(report).toMatchObject({ outcome: 'converged', problems: [] });
  expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0, refreshes: [] });
  const left = (await listUnitFiles(host)).split('\n').filter((file) => !bare.split('\n').includes(file));
  expect(left).toEqual([]);
  expect(await host.ask(['systemctl', '--failed', '--no-legend', '--plain'])).toBe('');
}
