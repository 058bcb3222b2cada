import { exitCodes } from '../model/exit-code.ts';
import { printableLine } from '../report/printable.ts';

/**
 * Something that is wrong with the operator's machine, whichever host it is met at. It says nothing of the host, and ends the command
 * (0089). `isPassing`: what is scarce may be had again when other hosts are done.
 */
export class OwnFault extends Error {
  readonly isPassing: boolean;
  /** No bug of this program, for which somebody would have to look. */
  readonly exit = exitCodes.error.code;

  constructor(what: string, isPassing = false) {
    super(`the fault is on this machine: ${printableLine(what)}`);
    this.isPassing = isPassing;
  }
}

const scarce: Readonly<Record<string, string>> = {
  EMFILE: 'more files are open than `ulimit -n` allows',
  ENFILE: 'too many files are open',
  ENOMEM: 'no memory is left',
  EAGAIN: 'no further process can be started',
  ENOBUFS: 'no memory is left for connections',
  EADDRNOTAVAIL: 'no port is left for a connection',
};
const broken: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'no space is left on the disk for this user',
  EROFS: 'the disk cannot be written',
  EIO: 'the disk does not answer as it should',
};

/** The fault that an error of the system tells of, or the one that caused it; undefined for what may come from a host. */
export function ownFaultOf(thrown: unknown): OwnFault | undefined {
  for (let each = thrown; each instanceof Object; each = (each as Error).cause) {
    if (each instanceof OwnFault) return each;
    const { code = '', path, message } = each as NodeJS.ErrnoException;
    const what = scarce[code] ?? broken[code];
    if (what !== undefined) return new OwnFault(path === undefined ? what : `${what} (${path})`, code in scarce);
    // A host has no part in what becomes of a file here.
    if (path !== undefined) return new OwnFault(message);
  }
  return undefined;
}
