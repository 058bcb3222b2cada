import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Report } from '../../src/model/report.ts';
import { roleDocument } from '../../src/model/document.ts';
import { runCli } from '../support/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { compileFleetHost, documents, inventory } from './compiled-fleet.ts';

const repository = resolve(import.meta.dirname, '../..');
const roles = [...documents.roles.keys()];
const programs = ['hermes', 'ollama', 'strfry', 'gitea', 'conduit', 'evennia', 'busd', 'knowledged'];
/** By machine, in no order. */
const wizard = ['wizard_base', 'golden_state', 'request_log', 'deadman_switch', 'cron_manager'];
const wanted: Readonly<Record<string, readonly string[]>> = {
  timmy: [...wizard, 'ollama'],
  allegro: ['common', 'log-rotation', ...wizard, 'hermes-agent', 'docker', 'ollama', 'nostr-relay'],
  bezalel: ['common', 'log-rotation', ...wizard, 'hermes-agent', 'monitoring'],
  ezra: ['common', 'log-rotation', ...wizard, 'hermes-agent', 'evennia', 'message-bus', 'knowledge-store'],
  forge: ['log-rotation', 'cron_manager', 'docker', 'gitea', 'nginx', 'conduit', 'backups', 'monitoring', 'auto-merge'],
};

/** A copy of the fleet whose programs are all named, and whose providers are asked. */
function fleetWithPrograms(directory: string): string {
  const source = join(directory, 'source');
  for (const part of ['desired-state', 'inventory', 'roles'])
    cpSync(join(repository, part), join(source, part), { recursive: true });
  const change = (name: string, from: string, to: string): void =>
    writeFileSync(join(source, name), readFileSync(join(source, name), 'utf8').replace(from, to));
  change('inventory/group_vars/all.yml', 'programs: {}\n', `programs:\n${programs.map((name) => `  ${name}: {}\n`).join('')}`);
  change('desired-state/site.yaml', 'thin_config: true', 'probe_providers: true');
  return source;
}

const canBeAbsent = (role: string): boolean =>
  Object.hasOwn(documents.roles.get(role)?.value.parameters['properties'] ?? {}, 'ensure');
const absent: Readonly<Record<string, object>> = { conduit: { ensure: 'absent', server_name: 'matrix.example' } };

function unitsIn(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(service|timer)$/.test(name));
}

describe('every role', () => {
  it.each(roles)('%s says what each of its parameters means', (role) => {
    const { parameters, summary } = roleDocument.parse(parse(readFileSync(join(repository, `roles/${role}/role.yaml`), 'utf8')));
    const properties = Object.entries((parameters['properties'] ?? {}) as Record<string, { description?: string }>);

    expect(summary).toMatch(/\.$/);
    expect(properties.filter(([, { description }]) => !/[.)]$/.test(description ?? '')).map(([name]) => name)).toEqual([]);
    expect(properties.length === 0 || parameters['additionalProperties'] === false).toBe(true);
  });

  it('is given to a machine of the fleet', () => {
    const uses = documents.site!.value.assignments.flatMap(({ roles: named }) => named);

    expect(new Set(uses.map((use) => (typeof use === 'string' ? use : use.role)))).toEqual(new Set(roles));
  });
});

describe('a role whose program listens on another address than loopback', () => {
  it.each([
    ['nostr-relay', 'allegro', '192.0.2.7', { tcp: expect.objectContaining({ host: '192.0.2.7' }) }],
    ['evennia', 'ezra', '192.0.2.7', { tcp: expect.objectContaining({ host: '192.0.2.7' }) }],
    [
      'gitea',
      'forge',
      '192.0.2.7',
      { http: expect.objectContaining({ url: expect.stringMatching(/^http:\/\/192\.0\.2\.7:\d+\//) }) },
    ],
    [
      'gitea',
      'forge',
      '2001:db8::7',
      { http: expect.objectContaining({ url: expect.stringMatching(/^http:\/\/\[2001:db8::7]:\d+\//) }) },
    ],
  ])('%s on %s is asked at %s', (role, host, address, asked) => {
    const { health } = compileFleetHost(host, {}, [{ role, with: { address } }]);

    expect(health.map(({ check }) => check)).toContainEqual(expect.objectContaining(asked));
  });
});

describe('the machines, with all programs named', () => {
  it.each(inventory.hosts)(
    '%s has its roles, and converges in a directory; the second run has nothing to do, and all of it can be absent',
    (host) => {
      using directory = temporaryDirectory();
      const source = fleetWithPrograms(directory.path);
      const run = () =>
        runCli(['--source', source, '--host', host, '--root', join(directory.path, 'root'), '-o', 'json'], {
          cwd: directory.path,
        });

      const first = run();
      const report = JSON.parse(first.stdout) as Pick<Report, 'outcome' | 'steps'>;
      const second = JSON.parse(run().stdout) as unknown;

      expect(report.outcome).toBe('converged');
      expect(new Set(report.steps.flatMap(({ role }) => role ?? []))).toEqual(new Set(wanted[host]));
      expect(first.exit).toBe(0);
      const chain = report.steps.find(({ address }) => address.startsWith('provider_chain['));
      expect(chain?.reason).toBe(
        wanted[host]!.includes('golden_state') ? 'the providers are asked on a live host only' : undefined,
      );
      expect(second).toMatchObject({ outcome: 'converged', writes: 0 });

      const uses = wanted[host]!.filter((role) => canBeAbsent(role)).map((role) => ({
        role,
        with: absent[role] ?? { ensure: 'absent' },
      }));
      const site = { assignments: [{ hosts: host, roles: uses }] };
      writeFileSync(join(source, 'desired-state/site.yaml'), JSON.stringify(site));
      writeFileSync(join(source, 'desired-state/policy.yaml'), '{ destroy: { max_delete: 1000, max_delete_percent: 100 } }');

      expect(JSON.parse(run().stdout)).toMatchObject({ outcome: 'converged' });
      expect(JSON.parse(run().stdout)).toMatchObject({ outcome: 'converged', writes: 0 });
      expect(unitsIn(join(directory.path, 'root/etc/systemd/system'))).toEqual([]);
    },
  );
});
