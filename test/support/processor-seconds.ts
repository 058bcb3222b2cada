import { readFileSync } from 'node:fs';

/** Ticks of a second, as Linux tells them on every machine. */
const ticks = 100;

/**
 * Seconds of a processor that programs had which this process has started and that have ended: what a limit of time means on a machine
 * that is busy with other tests too.
 */
export function processorSeconds(): number {
  // The name of the program stands in brackets and may hold anything.
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[13]) + Number(fields[14])) / ticks;
}
