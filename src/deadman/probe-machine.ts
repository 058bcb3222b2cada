import { readFileSync, statfsSync } from 'node:fs';
import type { DeadmanSettings } from '../model/deadman-settings.ts';

/** Why this machine counts as blocked: too little disk, too much swap. Empty where it is not, and where it cannot be told. */
export function probeMachine({ machine, state_dir: directory, config }: DeadmanSettings): readonly string[] {
  const { min_disk_free_percent: least, max_swap_used_percent: most } = machine;
  const full = [...new Set(['/', directory, ...config])].flatMap((path) => {
    const free = freePercent(path);
    return free !== undefined && free < least ? [`only ${free.toFixed(1)} % of the disk below ${path} is free`] : [];
  });
  const used = swapUsedPercent();
  // One line for one disk.
  return [...full.slice(0, 1), ...(used > most ? [`${used.toFixed(1)} % of the swap is used`] : [])];
}

function freePercent(path: string): number | undefined {
  try {
    const { bavail, blocks } = statfsSync(path);
    return blocks === 0 ? undefined : (100 * bavail) / blocks;
  } catch {
    return undefined;
  }
}

function swapUsedPercent(): number {
  try {
    const text = readFileSync('/proc/meminfo', 'utf8');
    const [total = 0, free = 0] = ['SwapTotal', 'SwapFree'].map((key) =>
      Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(text)?.[1]),
    );
    return total > 0 ? (100 * (total - free)) / total : 0;
  } catch {
    return 0;
  }
}
