import type { Report } from '../model/report.ts';

/** `rolled back`, `check drift only`. */
export function outcomeInWords({ action, outcome }: Pick<Report, 'action' | 'outcome'>): string {
  const words = outcome.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return action === 'converge' ? words : `${action} ${words}`;
}
