import { compileGlob } from '../model/glob.ts';
import type { KeyPath } from '../model/located.ts';
import type { Problem, SourcePosition } from '../model/problem.ts';

/** A list of globs of one policy key. */
interface GlobList {
  /** The first glob that the text matches, of those that are `meant`: all unless told, by their place in the list. */
  match(text: string, meant?: (index: number) => boolean): string | undefined;
  /** Globs that cannot be used. They match nothing, so each one must refuse the run. */
  readonly problems: readonly Problem[];
}

/** Where the globs stand, for problems. */
interface GlobOrigin {
  /** `protected_paths`, `host policy paths.deny`. */
  readonly name: string;
  readonly path: KeyPath;
  /** They are to match absolute paths: one that never can would protect nothing. */
  readonly ofPaths?: true;
  /** What stands below a directory that matches, matches too: whoever denies one means what is in it. */
  readonly below?: true;
  readonly at?: ((path: KeyPath) => SourcePosition) | undefined;
}

/** Compiles the globs of a policy key. */
export function compileGlobs(globs: readonly string[], { name, path, ofPaths, below, at }: GlobOrigin): GlobList {
  const problems: Problem[] = [];
  const matchers: { readonly index: number; readonly glob: string; readonly matches: (text: string) => boolean }[] = [];
  globs.forEach((glob, index) => {
    const compiled = compileGlob(glob, below);
    const never = ofPaths && 'matches' in compiled ? neverAPath(glob) : undefined;
    if ('matches' in compiled && never === undefined) return void matchers.push({ index, glob, matches: compiled.matches });
    const position = at?.([...path, index]);
    const message = `${name} has the glob ${JSON.stringify(glob.slice(0, 80))}, which ${'fault' in compiled ? compiled.fault : never}`;
    const hint = never === undefined ? {} : { hint: 'write "/etc/shadow", or "/etc/ssh/**" for a directory and all below it' };
    problems.push({ code: 'wrong-type', message, ...(position && { at: position }), ...hint });
  });
  return {
    problems,
    match: (text, meant = () => true) => matchers.find(({ index, matches }) => meant(index) && matches(text))?.glob,
  };
}

/** Why no absolute path that is written plainly matches it. */
function neverAPath(glob: string): string | undefined {
  if (!/^(?:\/|\*\*|\{)/.test(glob)) return 'no path matches: it begins neither with "/" nor with "**"';
  if (/\s$/.test(glob)) return 'no path matches: it ends in a blank';
  if (glob.endsWith('/')) return 'no path matches: it ends in "/"';
  if (/\/\.{0,2}(?:\/|$)/.test(glob)) return 'no path matches: it has ".", ".." or nothing between two slashes';
  return undefined;
}
