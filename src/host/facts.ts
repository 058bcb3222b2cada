import { readFileSync, statSync } from 'node:fs';
import { hostname, machine, platform, release } from 'node:os';
import type { JsonObject } from '../model/json.ts';
import type { HostReader } from './host.ts';
import { ownAccount } from './own-account.ts';

/** A file this large is no os-release. Bytes. */
const largest = 64 * 1024;

/**
 * What templates may know of the machine as `facts.NAME`: only what stays the same from run to run. A few small reads and no
 * program, because every run needs them. Under `--root` the operating system is the root's where that has one.
 */
export function readFacts(host: HostReader): JsonObject {
  const image = host.live ? undefined : readOsRelease((path) => readSmall(path, host));
  const isImage = image !== undefined;
  const osRelease = image ?? readOsRelease(readOwn);
  const os = osRelease ?? {};
  const { name, home } = ownAccount();
  return {
    /** `debian`, `ubuntu`, `fedora`, `macos`. */
    os: os['ID'] ?? (platform() === 'darwin' ? 'macos' : platform()),
    os_version: os['VERSION_ID'] ?? (osRelease ? '' : release()),
    os_codename: os['VERSION_CODENAME'] ?? '',
    /** The families it belongs to, itself first. */
    os_family: [os['ID'] ?? platform(), ...(os['ID_LIKE']?.split(' ') ?? [])],
    platform: isImage ? 'linux' : platform(),
    /** As `uname -m` says it: `x86_64`, `aarch64`, `arm64`. */
    arch: machine(),
    hostname: (isImage && readSmall('/etc/hostname', host)?.trim()) || hostname(),
    service_manager: serviceManager(host, isImage),
    user: name,
    home,
    is_root: host.privileged,
  };
}

/** What the machine calls itself: its whole name, and the first label of that. */
export const machineNames = (): readonly string[] => [...new Set([hostname(), hostname().split('.')[0] ?? ''])];

/** Whether the machine runs it; for an image, whether it is installed there. */
function serviceManager(host: HostReader, isImage: boolean): 'systemd' | 'launchd' | 'none' {
  if (isImage) return ['/usr/lib/systemd/systemd', '/lib/systemd/systemd'].some((path) => host.stat(path)) ? 'systemd' : 'none';
  if (platform() === 'darwin') return 'launchd';
  return statSync('/run/systemd/system', { throwIfNoEntry: false }) ? 'systemd' : 'none';
}

/** The first is often a link to the second. */
function readOsRelease(read: (path: string) => string | undefined): Readonly<Record<string, string>> | undefined {
  const text = read('/etc/os-release') ?? read('/usr/lib/os-release');
  if (text === undefined) return undefined;
  const pairs = text.matchAll(/^([A-Z_]+)=(?:"([^"\n]*)"|'([^'\n]*)'|([^\n]*))$/gm);
  return Object.fromEntries(
    [...pairs].map(([, key = '', double, single, bare]) => [
      key,
      double?.replace(/\\(.)/g, '$1') ?? single ?? bare?.trim() ?? '',
    ]),
  );
}

function readSmall(path: string, host: HostReader): string | undefined {
  const stat = host.stat(path);
  return stat?.type === 'file' && stat.size <= largest ? host.readFile(path)?.toString('utf8') : undefined;
}

function readOwn(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not every system has one, and without it the platform's name must do.
    return undefined;
  }
}
