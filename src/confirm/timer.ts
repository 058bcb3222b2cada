import { existsSync, rmSync, symlinkSync, mkdirSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { Argv } from '../host/host.ts';
import { runCommand } from '../host/run-command.ts';
import { lastLines } from '../model/last-lines.ts';
import { writeAtomically } from '../source/write-atomically.ts';
import { syncDirectory } from '../state/durable-file.ts';
import { makeTimer, makeTimerService, timerName, type TimerPlace } from './timer-units.ts';

/** Survives a boot, unlike `/run` and what `systemd-run` makes. */
const unitDirectory = '/etc/systemd/system';
const wantsDirectory = join(unitDirectory, 'timers.target.wants');
/** Milliseconds. */
const systemctlTimeout = 30_000;

/** Whether a timer that survives a boot can be had here. */
export const hasTimers = (): boolean => existsSync('/run/systemd/system') && process.geteuid?.() === 0;

/** Starts the timer, durable: a boot starts it again. `within` in milliseconds. Throws when systemd does not take it. */
export async function startTimer(place: TimerPlace, within: number): Promise<void> {
  const name = timerName(place.stateDirectory);
  const { timer, service, link } = filesOf(name);
  writeAtomically(service, makeTimerService(place), 0o644);
  writeAtomically(timer, makeTimer(name, within), 0o644);
  mkdirSync(wantsDirectory, { recursive: true, mode: 0o755 });
  if (!lstatSync(link, { throwIfNoEntry: false })) symlinkSync(timer, link);
  syncDirectory(wantsDirectory);
  await systemctl('daemon-reload');
  await systemctl('restart', `${name}.timer`);
}

/** Lets the whole term begin anew. */
export const restartTimer = (stateDirectory: string): Promise<void> => systemctl('restart', `${timerName(stateDirectory)}.timer`);

/**
 * Takes the timer away. Never throws: what is left of it does no harm, since it goes off, finds nothing to take back, and tries
 * this again.
 */
export async function stopTimer(stateDirectory: string): Promise<void> {
  if (!isTimerLeft(stateDirectory)) return;
  const name = timerName(stateDirectory);
  try {
    await systemctl('stop', `${name}.timer`);
    for (const file of Object.values(filesOf(name))) rmSync(file, { force: true });
    await systemctl('daemon-reload');
  } catch {
    // As said above.
  }
}

/** Whether any part of it is there. */
export const isTimerLeft = (stateDirectory: string): boolean =>
  Object.values(filesOf(timerName(stateDirectory))).some((file) => lstatSync(file, { throwIfNoEntry: false }));

const filesOf = (name: string): Readonly<Record<'link' | 'timer' | 'service', string>> => ({
  link: join(wantsDirectory, `${name}.timer`),
  timer: join(unitDirectory, `${name}.timer`),
  service: join(unitDirectory, `${name}.service`),
});

/** Never aborted: what protects the host must not be half there. */
async function systemctl(...words: readonly string[]): Promise<void> {
  const argv: Argv = ['systemctl', ...words];
  const { exitCode, stderr, timedOut } = await runCommand(argv, { timeout: systemctlTimeout }, new AbortController().signal);
  if (exitCode === 0) return;
  throw new Error(`${argv.join(' ')}: ${timedOut ? 'no answer' : lastLines(stderr) || `exit ${exitCode}`}`);
}
