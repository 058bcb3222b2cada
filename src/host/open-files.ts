import { readFileSync } from 'node:fs';

/** The rest is for what else is open: the program's own files, state, connections, what it starts. */
const share = 8;

/** How many files one purpose keeps open, at most `wanted`: fewer where `ulimit -n` allows few. */
export const mostOpen = (wanted: number): number => Math.min(wanted, Math.max(4, Math.floor(allowed() / share)));

let known: number | undefined;

function allowed(): number {
  return (known ??= read());
}

/** Node has taken all that it may have; elsewhere than on Linux nothing tells. */
function read(): number {
  try {
    return Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Infinity);
  } catch {
    return Infinity;
  }
}
