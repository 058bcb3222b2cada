import type { Finding } from '../../model/fleet.ts';
import { printableLine } from '../../report/printable.ts';
import type { Look } from './look.ts';
import type { Runtime } from './pack-runtime.ts';
import type { ProgramArchive } from './pack-program.ts';

/** KiB that a host keeps free beside what is brought to it. */
const reserve = 32 * 1024;
/** KiB that git and what it needs take. */
const packages = 130 * 1024;
const arm = ['arm64', 'aarch64'];

/** The runtime for this host, or why nothing can be brought to it. Nothing was changed yet. */
export function judgeHost(
  look: Look,
  { runtimes, program }: { readonly runtimes: readonly Runtime[]; readonly program: ProgramArchive },
): Runtime | Finding {
  const refused = (message: string, hint: string): Finding => ({
    verdict: 'refused',
    message: `${message}; nothing was changed`,
    hint,
  });
  if (look.uid !== 0)
    return {
      verdict: 'denied',
      message: 'what is done there is not done as root; nothing was changed',
      hint: 'connect as root, or set ansible_become: true for an account with sudo',
    };
  if (look.kernel !== 'Linux')
    return refused(
      `it runs ${printableLine(look.kernel).slice(0, 40) || 'an unknown system'}, not Linux`,
      'leave it out with --limit',
    );
  if (!look.hasApt)
    return refused(`${look.system || 'its system'} has no apt-get and dpkg`, 'bootstrap knows Debian and what is made from it');
  if (!look.hasSystemd) return refused('systemd does not run there', 'the agent is a service of systemd');
  const machine = arm.includes(look.machine) ? 'aarch64' : look.machine;
  const runtime = runtimes.find((each) => each.machine === machine);
  if (!runtime)
    return refused(
      `there is no Node for its kind of machine, ${printableLine(look.machine).slice(0, 40)}`,
      'download Node 24 for it from nodejs.org and name its bin/node with --node',
    );
  if (look.library !== undefined && !/^0 [0-7]?[0-7][0145][0145]$/.test(look.library))
    return refused(
      `/usr/local/lib/timmy-reconciler does not belong to root alone (owner and mode ${printableLine(look.library)})`,
      'whoever can write there decides what runs as root: look what it is, then chown root and chmod 755, or remove it',
    );
  const needed = spaceFor(look, runtime, program);
  if (look.space < needed)
    return refused(
      `it has ${Math.floor(look.space / 1024)} MiB free below /usr/local, and ${Math.ceil(needed / 1024)} MiB are needed`,
      'make room there',
    );
  return runtime;
}

/** KiB. What is sent stands beside what is unpacked from it. */
function spaceFor(look: Look, runtime: Runtime, program: ProgramArchive): number {
  const isHere = look.runtimes.get(runtime.name) === runtime.sha256;
  const parts = [
    isHere ? 0 : runtime.size + runtime.packed.size,
    look.program === undefined ? 2 * program.size + program.packed.size : 0,
  ];
  const kibibytes = parts.reduce((sum, part) => sum + part, 0) / 1024;
  return kibibytes + (look.hasGit && look.hasCertificates ? 0 : packages) + (kibibytes > 0 ? reserve : 0);
}
