import { readFileSync } from 'node:fs';

/** The first process that this one started and that still runs. */
export const firstChild = (pid: number): number | undefined => children(pid)[0];

/** The first process inside the host, below the process that starts its machine; none before it is there. */
export function findInit(launcher: number): number | undefined {
  const nspawn = firstChild(launcher);
  return nspawn === undefined ? undefined : children(nspawn).find((pid) => isFirstOfThird(pid));
}

/** A process that has ended but was not waited for is not alive. */
export function isAlive(pid: number): boolean {
  return !['Z', 'X', undefined].includes(stateOf(pid));
}

export const isStopped = (pid: number): boolean => stateOf(pid) === 'T';

/** Sends a signal, SIGKILL where none is given, to a process that may have ended by itself meanwhile. */
export function kill(pid: number, signal: NodeJS.Signals | number = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Process 1 of the third namespace, seen from here: of this machine, of the launcher, of the host. */
const isFirstOfThird = (pid: number): boolean => /^NSpid:(?:\s+\d+){2}\s+1$/m.test(status(pid)) && !isStarting(pid);
/** Before it becomes systemd it still is a copy of nspawn. */
const isStarting = (pid: number): boolean => /^Name:\s+\(?(?:sd-|systemd-nspawn)/m.test(status(pid));

/** The numbers of all capabilities that the process and what it starts can ever have. */
export function capabilitiesOf(pid: number): readonly number[] {
  const mask = BigInt(`0x${/^CapBnd:\s+(\w+)$/m.exec(status(pid))?.[1] ?? '0'}`);
  return Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => (mask >> BigInt(bit)) & 1n);
}

const stateOf = (pid: number): string | undefined => /^State:\s+(\w)/m.exec(status(pid))?.[1];
const status = (pid: number): string => read(`/proc/${pid}/status`);
const children = (pid: number): readonly number[] =>
  read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);

/** Nothing, of a process that is gone. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
