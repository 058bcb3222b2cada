import type { AbsolutePath, Argv, HostReader } from '../host/host.ts';
import { lastWords, programError } from '../model/how-it-ended.ts';

/** One package as dpkg knows it. */
export type PackageRecord = {
  /** With its architecture where that is needed to tell two apart: `libc6:amd64`. */
  readonly fullName: string;
  readonly name: string;
  readonly architecture: string;
  readonly isHeld: boolean;
  /** `installed`, `config-files`, `half-configured`, `unpacked`, `not-installed` and so on. */
  readonly status: string;
  /** Empty when not even its configuration is there. */
  readonly version: string;
};

/** Every package that dpkg knows, found by `name` or `name:architecture`. */
export interface PackageTable {
  readonly all: readonly PackageRecord[];
  find(name: string): PackageRecord | undefined;
}

const fields = ['binary:Package', 'Package', 'Architecture', 'db:Status-Want', 'db:Status-Status', 'Version'];
const query: Argv = ['dpkg-query', '--show', `--showformat=${fields.map((field) => `\${${field}}`).join('\\t')}\\n`];

/** States in which dpkg has nothing left to do. */
const restful = new Set(['installed', 'config-files', 'not-installed']);
const gone = new Set(['config-files', 'not-installed']);

/** One look at all packages. */
export async function readPackages(host: HostReader, signal: AbortSignal): Promise<PackageTable> {
  const result = await host.query(query, signal);
  if (result.exitCode !== 0) throw programError(result, `dpkg-query failed: ${lastWords(result)}`);
  return parsePackages(result.stdout);
}

export function parsePackages(text: string): PackageTable {
  const all = text.split('\n').flatMap((line): PackageRecord[] => {
    const [fullName, name, architecture, want, status, version] = line.split('\t');
    if (!fullName || !name || !status) return [];
    return [{ fullName, name, architecture: architecture ?? '', isHeld: want === 'hold', status, version: version ?? '' }];
  });
  const byName = new Map<string, PackageRecord>();
  for (const record of all) {
    byName.set(`${record.name}:${record.architecture}`, record);
    byName.set(record.fullName, record);
    const known = byName.get(record.name);
    if (!known || isGone(known)) byName.set(record.name, record);
  }
  return { all, find: (name) => byName.get(name) };
}

/** Removed, or never there; its configuration files may remain. */
export const isGone = (record: PackageRecord | undefined): boolean => record === undefined || gone.has(record.status);

/** Some of its files are there, and dpkg cannot tell which. */
export const isHalf = ({ status }: PackageRecord): boolean => status === 'half-installed';

/** Paths of the configuration files that a package has brought, and that purging it removes. */
export function conffilesOf(name: string, host: HostReader): readonly AbsolutePath[] {
  const directory: AbsolutePath = '/var/lib/dpkg/info';
  const isList = (file: string): boolean =>
    file === `${name}.conffiles` || (file.startsWith(`${name}:`) && file.endsWith('.conffiles'));
  const lists = (host.list(directory) ?? []).filter(isList);
  const lines = lists.flatMap((file) => host.readFile(`${directory}/${file}`)?.toString('utf8').split('\n') ?? []);
  // A word in front of the path says what upgrades do with it.
  return lines.flatMap((line) => /\/.*/.exec(line)?.[0] ?? []);
}

/** Whether an earlier run of dpkg did not get to its end. */
export const isUnfinished = ({ all }: PackageTable, host: HostReader): boolean =>
  all.some(({ status }) => !restful.has(status)) || (host.list('/var/lib/dpkg/updates') ?? []).some((name) => /^\d+$/.test(name));
