import picomatch from 'picomatch';

/** A glob that is compiled, or what is wrong with it as a text that continues `which ...`. */
type Glob = { readonly matches: (path: string) => boolean } | { readonly fault: string };

const maxLength = 512;
const maxStarsPerSegment = 4;
/** `s`: what stands on a host may have line breaks in its name. */
const options = { dot: true, nonegate: true, noextglob: true, flags: 's' };

/**
 * `*` and `**` also match names that start with a dot. Negation and groups are refused: a reader could take `!x` in an allow list
 * for a denial, and groups are regular expressions that can take exponential time. Several stars side by side still can take
 * seconds on a hostile name; whoever matches many paths does it within a time limit. With `below` what stands below a match matches too.
 */
export function compileGlob(glob: string, below = false): Glob {
  const fault = faultOf(glob);
  if (fault !== undefined) return { fault };
  let compiled: ((path: string) => boolean) | undefined;
  // Most runs have nothing to write, and so nothing to match.
  const globs = below && !glob.endsWith('/**') ? [glob, `${glob}/**`] : glob;
  return { matches: (path) => (compiled ??= picomatch(globs, options))(path) };
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
