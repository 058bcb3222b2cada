import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path/posix';
import { parseJson } from '../../model/json.ts';

/** Stands in a directory that was unpacked, and says from what. */
export const markerName = '.reconcile-unpacked.json';

export interface Marker {
  readonly schema: 'reconcile.unpacked/1';
  /** Of this time that it was unpacked; no two have the same. */
  readonly id: string;
  /** Of the archive. */
  readonly sha256: string;
  readonly strip: number;
  /** `digestTree` right after it was unpacked. */
  readonly tree: string;
}

export function parseMarker(text: string | undefined): Marker | undefined {
  const found = parseJson(text ?? '') as Partial<Marker> | null | undefined;
  return found?.schema === 'reconcile.unpacked/1' && typeof found.id === 'string' ? (found as Marker) : undefined;
}

/**
 * A digest of what stands below a directory, itself left out, by name, type, size, mode, owner and time of the last change, without the marker. No
 * file is read: whoever changes one changes its time.
 */
export function digestTree(directory: string): string {
  const hash = createHash('sha256');
  const visit = (place: string, name: string): void => {
    const stat = lstatSync(place, { bigint: true });
    const target = stat.isSymbolicLink() ? readlinkSync(place) : '';
    // The size and time of a directory are those of its list of names.
    const content = stat.isDirectory() ? [] : [stat.size, stat.mtimeNs];
    hash.update(`${[name, stat.mode, stat.uid, stat.gid, ...content, target].join('\0')}\n`);
    if (stat.isDirectory()) visitNames(place, name);
  };
  const visitNames = (place: string, name: string): void => {
    for (const each of readdirSync(place).sort())
      if (name !== '' || each !== markerName) visit(join(place, each), `${name}/${each}`);
  };
  visitNames(directory, '');
  return hash.digest('hex');
}
