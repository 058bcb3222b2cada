import { isDone } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import { compileGlobs } from './glob.ts';
import { placeOf, type JudgeInput } from './judge-input.ts';

const [setUser, setGroup, sticky, writableByOthers] = [0o4000, 0o2000, 0o1000, 0o002];

/** What runs with somebody else's rights, or may be written by everybody, must be named by the host policy. */
export function judgeModes({ plan, hostPolicy: { paths }, modesOf }: JudgeInput): readonly Problem[] {
  const allowed = compileGlobs(paths.special_modes, { name: 'host policy paths.special_modes', path: [], ofPaths: true });
  const found = plan.steps.filter(isDone).flatMap((step) =>
    modesOf(step).flatMap(({ path, mode, isDirectory = false }): Problem[] => {
      const what = whatIsSpecial(Number.parseInt(mode, 8), isDirectory);
      if (what === undefined || allowed.match(path) !== undefined) return [];
      const message = `the host policy does not allow ${path} to have the mode ${mode}: ${what}`;
      const hint = 'only the owner of the host can change paths.special_modes in host.yaml';
      return [{ code: 'special-mode', message, ...placeOf(step), hint }];
    }),
  );
  return [...allowed.problems, ...found];
}

function whatIsSpecial(mode: number, isDirectory: boolean): string | undefined {
  // In a directory that is sticky each file belongs to who made it, and those who set its group only say whose new files are.
  if (isDirectory)
    return (mode & (writableByOthers | sticky)) === writableByOthers ? 'everybody may replace what is in it' : undefined;
  if ((mode & setUser) !== 0) return 'it would run with the rights of its owner';
  if ((mode & setGroup) !== 0) return 'it would run with the rights of its group';
  return (mode & writableByOthers) !== 0 ? 'everybody may write into it' : undefined;
}
