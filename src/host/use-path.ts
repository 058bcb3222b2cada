import { lstatSync, readlinkSync } from 'node:fs';
import { dirname, resolve } from 'node:path/posix';

interface Rights {
  readonly uid: number;
  readonly gid: number;
}

/** Debian's nogroup, for a file whose group is root's: with that group's rights its owner could write what is not theirs. */
const nogroup = 65_534;
/** As many as Linux follows. */
const maximumHops = 40;
const [writableByOthers, sticky, searchableByOthers] = [0o022, 0o1000, 0o011];

/**
 * For a library that opens a file by its path, through links, and makes others beside it: where anybody but root can change what
 * the path leads to, root has the rights of the file's owner alone while `use` works, and they see to it that nobody else's files
 * are read or written. Undefined, without a call, where somebody else than that owner can. `use` waits for nothing, since the whole
 * process has the same rights. `root` is as trusted as `/`, and nobody gets below it through a directory that only root may search.
 */
export function usePath<T>(real: string, root: string, use: (real: string) => T): { readonly result: T } | undefined {
  if (process.geteuid?.() !== 0) return { result: use(real) };
  const changer = changerOf(real, root);
  if (changer === 0) return { result: use(real) };
  const { uid, gid } = lstatSync(real);
  if (uid === 0 || (changer !== anybodyBeside && changer !== uid)) return undefined;
  return { result: withRights({ uid, gid: gid === 0 ? nogroup : gid }, () => use(real)) };
}

const anybodyBeside = -1;
const anybody = -2;

/** Who can change what the names on the way to a file, and those beside it, stand for, first of all. */
function changerOf(file: string, root: string): number {
  let [at, hops] = ['/', 0];
  const ahead = dirname(file).split('/');
  for (let name = ahead.shift(); name !== undefined; name = ahead.shift()) {
    const next = resolve(at, name);
    const stat = lstatSync(next);
    if (stat.uid !== 0) return stat.uid;
    if (stat.isSymbolicLink()) {
      if (++hops > maximumHops) return anybody;
      const target = readlinkSync(next);
      ahead.unshift(...target.split('/'));
      if (target.startsWith('/')) at = '/';
      continue;
    }
    const { mode } = stat;
    // What is root's in a sticky directory stays where it is, but anybody can put something beside it.
    const isLast = ahead.every((each) => each === '');
    if ((mode & writableByOthers) !== 0 && (isLast || (mode & sticky) === 0)) return isLast ? anybodyBeside : anybody;
    if ((mode & searchableByOthers) === 0 && `${root}/`.startsWith(`${next}/`)) return 0;
    at = next;
  }
  return 0;
}

function withRights<T>({ uid, gid }: Rights, act: () => T): T {
  const [groups, group] = [process.getgroups!(), process.getegid!()];
  try {
    process.setgroups!([gid]);
    process.setegid!(gid);
    process.seteuid!(uid);
    return act();
  } finally {
    process.seteuid!(0);
    process.setegid!(group);
    process.setgroups!(groups);
  }
}
