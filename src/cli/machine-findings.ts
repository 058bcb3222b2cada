import { accessSync, constants, statfsSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { findDamage } from '../state/find-damage.ts';
import { stateFile } from '../state/state-directory.ts';
import { finding, type Finding } from './finding.ts';

/** What a run needs of the machine, whatever the repository: programs, and a state directory with room on its disk. */
export function machineFindings(directory: string): readonly Finding[] {
  const state = stateIsUsable(directory);
  return [nodeVersion, git(), crontab(), state, ...(state.ok ? damage(directory) : []), diskSpace(directory)];
}

/** An older one does not get here: `start.ts` says so. */
const nodeVersion = finding('Node.js', true, process.version);

function git(): Finding {
  const place = findProgram('git');
  const fix = 'apt-get install git: commits and authors are read with it';
  return finding('git', place !== undefined, place ?? 'no program git on the PATH', fix);
}

/** No fault by itself: most hosts do without. */
const crontab = (): Finding =>
  finding('crontab', true, findProgram('crontab') ?? 'not installed; only "kind: cron" with "in: crontab" needs it', '');

const findProgram = (name: string): string | undefined =>
  [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
    .map((directory) => join(directory, name))
    .find((file) => isAccessible(file, constants.X_OK));

const isAccessible = (path: string, mode: number): boolean => whyNotAccessible(path, mode) === undefined;

/** As the kernel calls it: `EROFS`. */
function whyNotAccessible(path: string, mode: number): string | undefined {
  try {
    accessSync(path, mode);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

/** The nearest directory, from here upwards, that exists. */
function existing(directory: string): string {
  const isThere = statSync(directory, { throwIfNoEntry: false })?.isDirectory();
  return isThere || dirname(directory) === directory ? directory : existing(dirname(directory));
}

/** Root may write everything but what is on a filesystem that is read-only. What is not there is no fault. */
function unwritable(path: string, fix: string): { readonly found: string; readonly fix: string } | undefined {
  const code = whyNotAccessible(path, constants.W_OK);
  if (code === undefined || code === 'ENOENT') return undefined;
  if (code !== 'EROFS') return { found: `${path} cannot be written (${code})`, fix };
  return { found: `the filesystem of ${path} is read-only`, fix: 'see why (dmesg), and mount it again for writing' };
}

function stateIsUsable(directory: string): Finding {
  const stat = statSync(directory, { throwIfNoEntry: false });
  const name = 'state directory';
  if (!stat) {
    const parent = existing(directory);
    const fault = unwritable(parent, 'run as root, or set RECONCILE_STATE_DIR');
    return fault
      ? finding(name, false, `${directory} cannot be made: ${fault.found}`, fault.fix)
      : finding(name, true, `${directory} will be made`, '');
  }
  if (!stat.isDirectory()) return finding(name, false, `${directory} is not a directory`, 'move away what stands there');
  if (stat.uid !== process.getuid?.())
    return finding(name, false, `${directory} belongs to user ${stat.uid}`, `chown ${process.getuid?.()} ${directory}`);
  const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
  if ((stat.mode & 0o077) !== 0) return finding(name, false, `${directory}, mode ${mode}`, `chmod 700 ${directory}`);
  for (const path of [directory, stateFile(directory)]) {
    const fault = unwritable(path, `chmod u+w ${path}`);
    if (fault) return finding(name, false, fault.found, fault.fix);
  }
  return finding(name, true, `${directory}, mode ${mode}`, '');
}

/** Only where a file of the state cannot be used. */
const damage = (directory: string): readonly Finding[] =>
  findDamage(directory).map(([name, { message, hint }]) => finding(name, false, message, hint));

function diskSpace(directory: string): Finding {
  const place = existing(directory);
  const { bavail, bsize, ffree, files } = statfsSync(place);
  const free = Math.floor((bavail * bsize) / 1024 / 1024);
  const hasInodes = files === 0 || ffree > 1_000;
  const found = `${free} MiB and ${files === 0 ? 'enough' : ffree} inodes free at ${place}`;
  return finding(
    'disk space',
    free >= 100 && hasInodes,
    found,
    'make room: undo data and staged files need 100 MiB and 1,000 inodes',
  );
}
