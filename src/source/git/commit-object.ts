import type { CommitInfo } from '../../model/revision.ts';
import type { Objects } from './objects.ts';

/** What a commit says of itself in front of its message. */
export interface Commit {
  /** Id of its tree. */
  readonly tree: string;
  readonly parents: readonly string[];
  readonly info: CommitInfo;
}

/** By id, without those that the mirror lacks. Rejects as reading objects does. */
export async function readCommits(objects: Objects, ids: readonly string[]): Promise<ReadonlyMap<string, Commit>> {
  const contents = await objects.read('commit', [...new Set(ids)]);
  return new Map([...contents].map(([id, bytes]) => [id, readCommit(id, bytes)]));
}

/** As git reads it: the tree and the parents stand in this order at the top. A line below that says `parent` is none. */
function readCommit(id: string, bytes: Buffer): Commit {
  const [tree = '', ...lines] = (bytes.toString('utf8').split('\n\n', 1)[0] ?? '').split('\n');
  const end = lines.findIndex((line) => !line.startsWith('parent '));
  const named = lines[end] ?? '';
  const [, author = '', seconds = '0', zone = '+0000'] = /^author (.*?) ?<.*> (\d+) ([+-]\d{4})$/s.exec(named) ?? [];
  return {
    tree: tree.slice('tree '.length),
    parents: lines.slice(0, end).map((line) => line.slice('parent '.length)),
    info: { id, short: id.slice(0, 12), author, time: isoTime(Number(seconds), zone) },
  };
}

/** As `git log --format=%aI` writes it: in the author's own time zone. */
function isoTime(seconds: number, zone: string): string {
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3, 5));
  const shifted = (seconds + (zone.startsWith('-') ? -60 : 60) * minutes) * 1000;
  if (!(Math.abs(shifted) < 8.64e15)) return '';
  return `${new Date(shifted).toISOString().slice(0, 19)}${zone.slice(0, 3)}:${zone.slice(3)}`;
}
