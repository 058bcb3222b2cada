import type { AbsolutePath, HostReader } from '../host/host.ts';

export const sysctlDirectory: AbsolutePath = '/etc/sysctl.d';
/** How a file begins that is a resource's own. */
export const sysctlMarker = '# reconcile: ';

/** The files of all settings that resources have made. */
export const markedSysctlFiles = (host: HostReader): readonly AbsolutePath[] =>
  (host.list(sysctlDirectory) ?? [])
    .filter((name) => name.endsWith('.conf'))
    .map((name) => `${sysctlDirectory}/${name}`)
    .filter((path) => host.stat(path)?.type === 'file' && host.readFile(path)?.toString().startsWith(sysctlMarker) === true);
