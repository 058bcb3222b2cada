import type { ContentRef } from '../model/catalog.ts';

/** A file of a tree as one string, `mode sha256 size path`, mode in four digits: ten thousand of them stay small. */
export type TreeLine = string;

export interface TreeEntry extends ContentRef {
  readonly mode: string;
}

const modeEnd = 4;
const digestEnd = modeEnd + 1 + 64;

/** `path` relative to the tree. */
export const lineOf = ({ mode, sha256, size }: TreeEntry, path: string): TreeLine => `${mode} ${sha256} ${size} ${path}`;

export const entryOf = (line: TreeLine): TreeEntry => ({
  mode: line.slice(0, modeEnd),
  sha256: line.slice(modeEnd + 1, digestEnd),
  size: Number(line.slice(digestEnd + 1, line.indexOf(' ', digestEnd + 1))),
});

/** `mode sha256`: how a file that stands on the host is described too. */
export const textOf = (line: TreeLine): string => line.slice(0, digestEnd);

export const pathOf = (line: TreeLine): string => line.slice(line.indexOf(' ', digestEnd + 1) + 1);
