import type { ContestResult, Ratio } from './contest.ts';

/** One line of the result. `target` is what the issue asks for; a row without one is for information. */
export interface Row {
  readonly name: string;
  readonly files: number;
  readonly against: string;
  readonly contest?: ContestResult;
  /** What the target is about, with its unit: `1.31x`, `72 MB`. */
  readonly figure: string;
  readonly target?: string;
  readonly ok?: boolean;
}

/** A markdown table; every figure is a median, ratios with their smallest and largest pair. */
export function formatTable(rows: readonly Row[]): string {
  const head = [
    'case',
    'files',
    'against',
    'ours (wall / CPU / MB)',
    'theirs (wall / CPU / MB)',
    'CPU ratio',
    'figure',
    'target',
    '',
  ];
  const body = rows.map(({ name, files, against, contest, figure, target, ok }) => [
    name,
    String(files),
    against,
    contest ? formatFigures(contest.ours) : '',
    contest ? formatFigures(contest.theirs) : '',
    contest ? formatRatio(contest.cpu) : '',
    figure,
    target ?? '',
    ok === undefined ? '' : ok ? 'pass' : 'FAIL',
  ]);
  return [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

export const formatRatio = ({ median, min, max }: Ratio): string => `${median.toFixed(2)}x (${min.toFixed(2)}-${max.toFixed(2)})`;

const formatFigures = ({ wall, cpu, memory }: ContestResult['ours']): string =>
  `${milliseconds(wall)} / ${milliseconds(cpu)} / ${memory.toFixed(0)}`;

const milliseconds = (seconds: number): string => `${(seconds * 1000).toFixed(0)} ms`;
