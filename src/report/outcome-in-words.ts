import type { ExitName } from '../model/exit-code.ts';
import type { Report } from '../model/report.ts';

/** `rolled back`. */
export const outcomeWords = (outcome: ExitName): string => outcome.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** `rolled back`, `check drift only`. */
export function outcomeInWords({ action, outcome }: Pick<Report, 'action' | 'outcome'>): string {
  return action === 'converge' ? outcomeWords(outcome) : `${action} ${outcomeWords(outcome)}`;
}
