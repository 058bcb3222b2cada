import picomatch from 'picomatch';
import type { KeyPath } from '../model/located.ts';
import type { Problem, SourcePosition } from '../model/problem.ts';

/** A list of globs of one policy key. */
interface GlobList {
  /** The first glob that the text matches. */
  match(text: string): string | undefined;
  /** Globs that cannot be used. They match nothing, so each one must refuse the run. */
  readonly problems: readonly Problem[];
}

/** Where the globs stand, for problems. */
interface GlobOrigin {
  /** `protected_paths`, `host policy paths.deny`. */
  readonly name: string;
  readonly path: KeyPath;
  readonly at?: ((path: KeyPath) => SourcePosition) | undefined;
}

const maxLength = 512;
const maxStarsPerSegment = 4;

/**
 * Compiles the globs of a policy key. `*` and `**` also match names that start with a dot. Negation and groups are refused:
 * a reader could take `!x` in an allow list for a denial, and groups are regular expressions that can take exponential time.
 */
export function compileGlobs(globs: readonly string[], { name, path, at }: GlobOrigin): GlobList {
  const problems: Problem[] = [];
  const matchers: { readonly glob: string; readonly matches: (text: string) => boolean }[] = [];
  globs.forEach((glob, index) => {
    const fault = faultOf(glob);
    if (fault) {
      const position = at?.([...path, index]);
      const message = `${name} has the glob ${JSON.stringify(glob.slice(0, 80))}, which ${fault}`;
      problems.push({ code: 'wrong-type', message, ...(position && { at: position }) });
    } else {
      matchers.push({ glob, matches: picomatch(glob, { dot: true, nonegate: true, noextglob: true }) });
    }
  });
  return { problems, match: (text) => matchers.find(({ matches }) => matches(text))?.glob };
}

function faultOf(glob: string): string | undefined {
  if (glob === '') return 'is empty';
  if (glob.length > maxLength) return `is longer than ${maxLength} characters`;
  if (glob.startsWith('!')) return 'is negated; name what is meant instead';
  if (/[()\0\n]/.test(glob)) return 'holds a group, a NUL or a line break; write one glob per alternative';
  const isStarred = glob.split('/').some((segment) => segment.replace(/\*\*/g, '*').split('*').length - 1 > maxStarsPerSegment);
  if (isStarred) return `has more than ${maxStarsPerSegment} stars between two slashes`;
  if ((glob.match(/\*\*/g)?.length ?? 0) > maxStarsPerSegment) return `has more than ${maxStarsPerSegment} "**"`;
  return undefined;
}
