import type { Host, HostReader } from '../host/host.ts';
import { awaitOutside } from './run-outside.ts';
import { isWideOpen, load, ufwTimeout, unload } from './ufw-live.ts';
import { filesOf, readSettings } from './ufw-settings.ts';

/** What the kernel did before a change of ufw or of its package, which switches it off when it goes. */
export type UfwUndo = {
  readonly isLoaded: boolean;
  readonly wasOpen: boolean;
  /** Undo data of earlier versions does not say. */
  readonly wasEnabled?: boolean;
};

export async function captureUfw(host: HostReader, signal: AbortSignal): Promise<UfwUndo> {
  const settings = host.live ? readSettings(host) : null;
  return {
    isLoaded: settings !== null,
    wasEnabled: settings?.enabled === 'yes',
    wasOpen: settings !== null && (await isWideOpen(filesOf(settings, host), host, signal)),
  };
}

/** What is to be off goes out of the kernel while its files still say that it is on: its package, which may go next, asks them. */
export async function restoreUfw({ wasEnabled }: UfwUndo, host: Host, signal: AbortSignal): Promise<void> {
  if (host.live) await awaitOutside(ufwTimeout, host, signal);
  const settings = host.live && wasEnabled === false ? readSettings(host) : null;
  if (settings?.enabled === 'yes') await unload(host, signal);
}

/** Once everything stands as before. */
export async function resumeUfw(undos: readonly UfwUndo[], host: Host, signal: AbortSignal): Promise<void> {
  // A run that brought ufw has taken it away again.
  const settings = host.live ? readSettings(host) : null;
  if (!settings || !undos.some(({ isLoaded }) => isLoaded)) return;
  // Rules that were not in force before may be what has cut the host off.
  const wasOpen = settings.enabled === 'yes' && undos.every((undo) => undo.wasOpen);
  await (wasOpen ? unload(host, signal) : load(filesOf(settings, host), host, signal));
}
