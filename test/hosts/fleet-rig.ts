import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../src/model/json.ts';
import type { Report } from '../../src/model/report.ts';
import { makeArchive } from '../support/make-archive.ts';
import type { Host } from './boot-host.ts';

const repository = join(import.meta.dirname, '../..');
const source = '/srv/config';
const ports = { hermes: 0, ollama: 11434, strfry: 7777, gitea: 3000, conduit: 6167, evennia: 4000, busd: 7070, knowledged: 7071 };
const server = `
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
createServer(({ url }, response) => response.end(readFileSync('/srv/programs' + url))).listen(8999, '127.0.0.1');`;

/** The configuration repository of the fleet on a booted host, whose programs come from a server on that host. */
export interface FleetRig {
  /** One run as that machine of the fleet. */
  run(args?: readonly string[]): Promise<Report>;
  /** Changes a file of the repository. */
  edit(path: string, change: (text: string) => string): Promise<void>;
  /** Makes all programs another version; gives its digest, that the repository names from then on unless told. */
  release(version: string, isTold?: boolean): Promise<void>;
}

export async function openFleetRig(host: Host, name: string, gatewayPort: number): Promise<FleetRig> {
  for (const directory of ['roles', 'desired-state', 'inventory'])
    await host.push(join(repository, directory), `${source}/${directory}`);
  await host.write('/srv/ports.json', JSON.stringify({ ...ports, hermes: gatewayPort }));
  await host.write('/srv/serve.mjs', server);
  const edit: FleetRig['edit'] = async (path, change) => {
    const before = await host.read(`${source}/${path}`);
    const after = change(before);
    if (after === before) throw new Error(`${path} did not change`);
    await host.write(`${source}/${path}`, after);
  };
  const release: FleetRig['release'] = async (version, isTold = true) => {
    const program = `${readFileSync(join(import.meta.dirname, 'stand-in.mjs'), 'utf8')}// ${version}\n`;
    const entries = Object.keys(ports).map(async (each) => {
      // Ollama comes with its libraries beside it.
      const isArchive = each === 'ollama';
      const bytes = isArchive ? makeArchive('tar.gz', [{ path: 'bin/ollama', text: program, mode: '0755' }]) : program;
      const file = `${each}-${version}${isArchive ? '.tar.gz' : ''}`;
      await host.ask(['install', '-D', '/dev/stdin', `/srv/programs/${file}`], { stdin: bytes });
      const named = { url: `http://127.0.0.1:8999/${file}`, sha256: isTold ? sha256(bytes) : '0'.repeat(64) };
      return [each, isArchive ? { ...named, archive: {} } : named];
    });
    const programs = JSON.stringify(Object.fromEntries(await Promise.all(entries)));
    await edit('inventory/group_vars/all.yml', (text) => text.replace(/^programs: .*$/m, `programs: ${programs}`));
  };
  await release('1');
  await host.ask(['systemd-run', '--quiet', '--unit=programs', 'node', '/srv/serve.mjs']);
  return {
    edit,
    release,
    async run(args = []) {
      const { stdout, stderr } = await host.reconcile(['--source', source, '--host', name, '-o', 'json', ...args]);
      if (stdout === '') throw new Error(stderr);
      return JSON.parse(stdout) as Report;
    },
  };
}
