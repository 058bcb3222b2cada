import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Problem } from '../../src/model/problem.ts';
import { program } from '../support/run-cli.ts';
import type { BadCase } from './bad-case.ts';
import { corpus } from './corpus.ts';
import { placeOf, repositoryOf } from './find-problems.ts';
import { validationSchema } from '../../src/report/answer-schemas.ts';
import { expectDocumented } from '../support/documented.ts';
import { processorSeconds } from '../support/processor-seconds.ts';

interface Validation {
  readonly exit: number | null;
  readonly problems: readonly Problem[];
  readonly seconds: number;
}

/** `reconcile validate` on a real directory, in a process that may use 256 MiB of heap. */
function validate(files: BadCase['files']): Validation {
  const directory = mkdtempSync(join(tmpdir(), 'bad-input-'));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(directory, dirname(path)), { recursive: true });
      writeFileSync(join(directory, path), content);
    }
    const argv = ['--max-old-space-size=200', program, 'validate', '--source', directory, '-o', 'json'];
    const before = processorSeconds();
    const { status, stdout, stderr } = spawnSync(process.execPath, argv, {
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' },
      encoding: 'utf8',
      timeout: 60_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    const seconds = processorSeconds() - before;
    if (stdout === '') throw new Error(`validate said nothing and exited with ${status}: ${stderr}`);
    expectDocumented(validationSchema, stdout);
    return { exit: status, problems: (JSON.parse(stdout) as { problems: readonly Problem[] }).problems, seconds };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const isOneRole = ({ files }: BadCase): boolean => {
  const paths = Object.keys(files);
  return paths.length === 1 && /^roles\/[A-Za-z0-9_]/.test(paths[0] ?? '') && !paths[0]?.includes('/one/');
};
/** Cases that would hide each other's problems: what is in a circle or unknown depends on every other resource. */
const isAlone = ({ expected }: BadCase): boolean =>
  expected.some((place) => /^(?:duplicate-resource|cycle|unknown-resource|not-refreshable) /.test(place));

const together = corpus.filter((each) => isOneRole(each) && !isAlone(each));
const single = corpus.filter((each) => !isOneRole(each)).filter((_, index) => index % 12 === 0);

describe.skipIf(!existsSync(program))('reconcile validate', () => {
  it('lists the problems of more than 200 bad files at once, and exits with 65', () => {
    const { exit, problems } = validate(repositoryOf(...together));

    expect(together.length).toBeGreaterThan(200);
    expect(problems.map(placeOf).sort()).toEqual(together.flatMap(({ expected }) => expected).sort());
    expect(exit).toBe(65);
  });

  it.each(single)('exits with 65 in under 2 s and names the place: $name', (each) => {
    const { exit, problems, seconds } = validate(repositoryOf(each));

    expect(problems.map(placeOf).sort()).toEqual(each.expected);
    expect(exit).toBe(65);
    expect(seconds).toBeLessThan(2);
  });
});
