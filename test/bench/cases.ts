import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeRepository } from '../support/make-overlay.ts';
import { compete, type ContestResult } from './contest.ts';
import { followRows } from './follow.ts';
import { measure, type Command } from './measure.ts';
import { makeCheckout, peers, type Peer, type PeerName } from './peers.ts';
import { measureResident } from './resident.ts';
import { formatRatio, type Row } from './table.ts';
import { assertSame, drift, renew, settle } from './trees.ts';

/** A repository of one size with our target and the peer's beside it. */
interface Ground {
  readonly files: number;
  readonly pairs: number;
  readonly work: string;
  readonly repository: string;
  readonly source: string;
  /** Ours is a sandbox, the peer's the target directory itself. */
  readonly root: string;
  readonly target: string;
  readonly theirTarget: string;
  readonly program: string;
}

export function makeGround(files: number, pairs: number, work: string, program: string): Ground {
  const place = join(work, String(files));
  const repository = join(place, 'repository');
  makeRepository(repository, files);
  makeCheckout(repository);
  const root = join(place, 'ours');
  mkdirSync(root);
  const source = join(repository, 'desired-state', 'files', 'overlay');
  const theirTarget = join(place, 'theirs');
  return { files, pairs, work, repository, source, root, target: join(root, 'srv', 'overlay'), theirTarget, program };
}

/** The cases of `--only`, in the order in which they run. Each returns its rows. */
export const cases = {
  converged: (ground) => {
    const bounds: Bounds = ground.files > 2_000 ? { 'rsync -a': 1 } : { 'rsync -a': 1.4, cfengine: 0.5 };
    return convergedRows(ground, 'converged', [], ['rsync -a', 'cfengine', 'git status'], bounds);
  },
  paranoid: (ground) => {
    const bounds: Bounds = { 'rsync -ac': ground.files > 2_000 ? 1.3 : 1.6 };
    return convergedRows(
      ground,
      '--paranoid',
      ['--paranoid'],
      ['rsync -ac', 'cfengine', 'puppet', 'ansible synchronize'],
      bounds,
    );
  },
  first: (ground) => {
    const isLarge = ground.files > 2_000;
    const chosen: readonly PeerName[] = isLarge ? ['rsync -ac'] : ['rsync -ac', 'cp -a', 'cfengine'];
    return chosen.flatMap((name) => {
      const theirs = commandOf(name, ground);
      if (!theirs) return absent('first apply', ground, name);
      const result = compete(
        {
          ours: ours(ground),
          theirs,
          before: (who) => {
            renew(who === 'ours' ? ground.root : ground.theirTarget, ground.work);
            settle();
          },
          verify: (who) => assertSame(ground.source, who === 'ours' ? ground.target : ground.theirTarget),
        },
        isLarge ? Math.min(ground.pairs, 3) : ground.pairs,
        ground.work,
      );
      return [ratioRow('first apply', ground, name, result, !isLarge && name === 'rsync -ac' ? 2 : undefined)];
    });
  },
  check: (ground) => {
    const theirs = commandOf('rsync -n -c', ground);
    if (!theirs) return absent('--check, 1 % drift', ground, 'rsync -n -c');
    converge(ground, commandOf('rsync -ac', ground));
    const edited = { ours: drift(ground.target), theirs: drift(ground.theirTarget) };
    const checking = { ...ours(ground, '--check', '--diff'), exits: [3] };
    const result = compete(
      {
        ours: checking,
        theirs,
        verify: (who, { output }) => {
          const unseen = edited[who].filter((path) => !output.includes(path));
          if (unseen.length > 0) throw new Error(`${who}: ${unseen.length} of ${edited[who].length} edited files are not shown`);
        },
      },
      ground.pairs,
      ground.work,
    );
    return [ratioRow('--check, 1 % drift', ground, 'rsync -n -c', result, 1.5)];
  },
  resident: async (ground) => {
    converge(ground);
    const limit = ground.files > 2_000 ? 60 : 5;
    const cpu = await measureResident(ground);
    const figure = `${cpu.toFixed(1)} ms CPU`;
    return [{ name: 'resident pass', files: ground.files, against: '', figure, target: `<= ${limit} ms`, ok: cpu <= limit }];
  },
  follow: ({ files, pairs, work, repository }) => followRows({ files, pairs, work, repository }),
} as const satisfies Record<string, (ground: Ground) => readonly Row[] | Promise<readonly Row[]>>;

export type CaseName = keyof typeof cases;
type Bounds = Partial<Record<PeerName, number>>;

const ours = ({ program, repository, root }: Ground, ...options: readonly string[]): Command => ({
  name: 'reconcile',
  argv: [process.execPath, program, '--source', repository, '--host', 'bench', '--root', root, ...options],
});

function commandOf(name: PeerName, { source, theirTarget, work }: Ground): Command | undefined {
  const peer: Peer = peers[name];
  return peer(source, theirTarget, work);
}

/** Brings our target, and the peer's, to the state in which nothing is to do. */
function converge(ground: Ground, peer?: Command): void {
  renew(ground.root, ground.work);
  measure(ours(ground), ground.work);
  if (!peer) return;
  renew(ground.theirTarget, ground.work);
  measure(peer, ground.work);
}

function convergedRows(
  ground: Ground,
  name: string,
  options: readonly string[],
  chosen: readonly PeerName[],
  bounds: Bounds,
): readonly Row[] {
  const rows: Row[] = [];
  for (const peer of chosen) {
    const theirs = commandOf(peer, ground);
    if (!theirs) {
      rows.push(...absent(name, ground, peer));
      continue;
    }
    converge(ground, theirs);
    const result = compete({ ours: ours(ground, ...options), theirs }, ground.pairs, ground.work);
    assertSame(ground.source, ground.target);
    if (peer !== 'git status') assertSame(ground.source, ground.theirTarget);
    rows.push(ratioRow(name, ground, peer, result, bounds[peer]));
    if (peer === 'rsync -a') rows.push(memoryRow(ground, result));
  }
  return rows;
}

function ratioRow(name: string, { files }: Ground, against: string, contest: ContestResult, limit?: number): Row {
  const row = { name, files, against, contest, figure: formatRatio(contest.wall) };
  return limit === undefined ? row : { ...row, target: `<= ${limit}x`, ok: contest.wall.median <= limit };
}

function memoryRow({ files }: Ground, { ours: { memory } }: ContestResult): Row {
  const limit = files > 2_000 ? 130 : 90;
  return {
    name: 'peak memory',
    files,
    against: '',
    figure: `${memory.toFixed(0)} MB`,
    target: `<= ${limit} MB`,
    ok: memory <= limit,
  };
}

const absent = (name: string, { files }: Ground, against: string): readonly Row[] => [
  { name, files, against, figure: 'not installed' },
];
