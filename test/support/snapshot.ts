import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Everything below a directory as text: type, mode, owner and content of each path; times are left out. */
export function snapshot(root: string, options: { readonly ignore?: (path: string) => boolean } = {}): string {
  const lines: string[] = [];
  const walk = (relative: string): void => {
    for (const name of readdirSync(join(root, relative)).sort()) {
      const path = `${relative}/${name}`;
      if (options.ignore?.(path)) continue;
      const stat = lstatSync(root + path);
      const head = `${path} ${(stat.mode & 0o170000).toString(8)} ${(stat.mode & 0o7777).toString(8)} ${stat.uid}:${stat.gid}`;
      if (stat.isSymbolicLink()) lines.push(`${head} ${readlinkSync(root + path)}`);
      else if (stat.isFile())
        lines.push(
          `${head} ${createHash('sha256')
            .update(readFileSync(root + path))
            .digest('hex')}`,
        );
      else lines.push(head);
      if (stat.isDirectory()) walk(path);
    }
  };
  walk('');
  return lines.join('\n');
}
