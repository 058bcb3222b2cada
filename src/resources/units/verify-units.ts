import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Contents } from '../../model/catalog.ts';
import { lastLines } from '../../model/last-lines.ts';
import type { Argv, Host } from '../../host/host.ts';
import { definingFile } from './unit-links.ts';
import { templateOf, type UnitPlace } from './unit-place.ts';
import type { UnitDesired } from './unit-desired.ts';

const timeout = 30_000;
const largest = 1024 * 1024;

/**
 * Lets systemd read the unit with its drop-ins, under its name but in a directory of its own, before any of it takes its
 * place. What it writes to stderr about this unit counts: for most mistakes it exits with 0. Throws with what it said.
 */
export async function verifyUnit(desired: UnitDesired, contents: Contents, host: Host, signal: AbortSignal): Promise<void> {
  if (desired.manager === 'launchd') return;
  const text = desired.unit ? contents.read(desired.unit) : adoptedText(desired, host);
  if (!text) throw new Error(`${desired.name} does not exist on this host; give it a "unit", or install its package first`);
  const directory = mkdtempSync(join(tmpdir(), 'reconcile-unit-'));
  try {
    const file = join(directory, verifiable(desired.name));
    writeFileSync(file, text);
    const dropIns = Object.entries(desired.dropIns);
    if (dropIns.length > 0) mkdirSync(`${file}.d`);
    for (const [name, content] of dropIns) writeFileSync(join(`${file}.d`, `${name}.conf`), contents.read(content));
    const words = desired.user === undefined ? [] : ['--user'];
    const argv: Argv = ['systemd-analyze', 'verify', '--man=no', ...words, file];
    const options = { timeout, env: { XDG_RUNTIME_DIR: directory, SYSTEMD_LOG_LEVEL: 'info' } };
    const { exitCode, timedOut, stderr } = await host.run(argv, signal, options);
    if (timedOut) throw new Error(`systemd-analyze verify of ${desired.name} timed out`);
    const heard = withoutPartner(stderr, desired.name);
    const said = complaints(heard, directory, file);
    if ((exitCode !== 0 && heard === stderr) || said !== '')
      throw new Error(
        `systemd would not take ${desired.name}: ${lastLines(said || stderr.trim() || `exit ${exitCode}`).replace(/\.$/, '')}`,
      );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function adoptedText(place: UnitPlace, host: Host): Buffer | undefined {
  const path = definingFile(place, host);
  return path === undefined ? undefined : host.readFile(path, largest);
}

/** A template is read as one of its instances. */
const verifiable = (name: string): string => name.replace(/@(\.[a-z]+)$/, '@instance$1');

/** A service and its socket need each other: one of them is read before the other stands. */
const withoutPartner = (stderr: string, own: string): string =>
  stderr
    .replace(/^.*Failed to create \S+\/start: Unit (\S+) not found\.\n?/gm, (line, name: string) =>
      stemOf(name) === stemOf(own) ? '' : line,
    )
    .replace(/^\S+: service \S+ not loaded, socket cannot be started\.\n?/gm, '');

const stemOf = (name: string): string => name.replace(/(?:@[^@]*)?\.[a-z]+$/, '');

/**
 * What is said of this unit. The installed units that it needs are read too, and what systemd thinks of those is not its
 * fault; names of people who come later are not known yet.
 */
export function complaints(stderr: string, directory: string, file: string): string {
  const own = file.slice(directory.length + 1);
  return stderr
    .split('\n')
    .filter((line) => line.trim() !== '')
    .filter((line) => {
      const path = /^(\/\S+):\d+: /.exec(line)?.[1];
      if (path !== undefined) return path.startsWith(`${directory}/`);
      const unit = /^(\S+\.[a-z]+): /.exec(line)?.[1];
      return unit === undefined || unit === own || unit === templateOf(own);
    })
    .map((line) => line.replaceAll(`${directory}/`, ''))
    .join('\n');
}
