import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { seeded } from './seeded.ts';

const meanSize = 15_000_000 / 646;
const minSize = 200;
const maxSize = 200_000;
const areas = [
  'etc/nginx/conf.d',
  'etc/systemd/system',
  'stacks/%/config',
  'dashboards/%/panels',
  'scripts/%/bin',
  'skins/%',
  'home/%/dotfiles',
];
const extensions = ['conf', 'service', 'yaml', 'json', 'sh', 'md', ''];
const words = (
  'agent alert backup bind cache channel chain config cron daily default depth disk enabled endpoint entry error every fallback ' +
  'false gateway group health host interval journal label level limit listen local memory mode model monitor name network owner ' +
  'path playbook policy port prompt provider proxy query queue restart retry role route rule schedule scope skin source state ' +
  'target timeout token tools topic trigger true unit update user value volume watch weekly wizard zone'
).split(' ');

/**
 * Writes a realistic configuration overlay: 646 files are 15 MB, 10,000 are 232 MB. Sizes are log-normal between 200 B and
 * 200 KB, one file in 20 is binary, one in 10 executable, about eight stand in a directory, three to six levels deep. The
 * same number and seed give the same bytes. Returns the paths, relative to `directory`.
 */
export function makeOverlay(directory: string, files: number, seed = files): readonly string[] {
  const random = seeded(seed);
  const text = Buffer.from(Array.from({ length: 20_000 }, () => makeLine(random)).join(''));
  const noise = Buffer.from(Uint32Array.from({ length: 100_000 }, () => random() * 2 ** 32).buffer);
  return makeSizes(files, random).map((size, index) => {
    const path = pathOf(index);
    const file = join(directory, path);
    if (index % 8 === 0) mkdirSync(dirname(file), { recursive: true });
    const isBinary = index % 20 === 7;
    writeFileSync(file, cut(isBinary ? noise : text, isBinary ? '\0' : `# ${path}\n`, size, random));
    chmodSync(file, index % 10 === 3 ? 0o755 : 0o644);
    return path;
  });
}

/** Writes a configuration repository whose host `bench` gets such an overlay as one `tree` at `/srv/overlay`. */
export function makeRepository(directory: string, files: number): void {
  makeOverlay(join(directory, 'desired-state', 'files', 'overlay'), files);
  mkdirSync(join(directory, 'inventory'), { recursive: true });
  writeFileSync(join(directory, 'inventory', 'hosts.yml'), 'all:\n  hosts:\n    bench:\n');
  writeFileSync(
    join(directory, 'desired-state', 'site.yaml'),
    'assignments:\n  - hosts: bench\n    resources:\n      - kind: tree\n        path: /srv/overlay\n        source: overlay\n',
  );
}

function pathOf(index: number): string {
  const folder = Math.floor(index / 8);
  const kind = folder % areas.length;
  const area = areas[kind]!.replace('%', `app${String(Math.floor(folder / areas.length) % 40).padStart(2, '0')}`);
  const extension = extensions[kind] ? `.${extensions[kind]}` : '';
  return `site${String(Math.floor(folder / 9)).padStart(3, '0')}/${area}/part-${String(index).padStart(5, '0')}${extension}`;
}

/** Log-normal, clamped, then scaled until the mean is right. */
function makeSizes(files: number, random: () => number): readonly number[] {
  const clamp = (size: number): number => Math.min(maxSize, Math.max(minSize, size));
  let sizes = Array.from({ length: files }, () => clamp(Math.exp(9 + 1.5 * normal(random))));
  for (let round = 0; round < 20; round++) {
    const factor = (meanSize * files) / sizes.reduce((sum, size) => sum + size, 0);
    sizes = sizes.map((size) => clamp(size * factor));
  }
  return sizes.map(Math.floor);
}

const normal = (random: () => number): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

function makeLine(random: () => number): string {
  const indent = ' '.repeat(2 * Math.floor(random() * 4));
  const key = Array.from({ length: 1 + Math.floor(random() * 5) }, () => words[Math.floor(random() * words.length)]).join('_');
  return `${indent}${key}: ${Math.floor(random() * 1e6)}\n`;
}

/** A file of exactly `size` bytes: its own first line, then a stretch of the pool. */
function cut(pool: Buffer, head: string, size: number, random: () => number): Buffer {
  const file = Buffer.alloc(size);
  const from = Math.floor(random() * (pool.length - maxSize));
  pool.copy(file, 0, from, from + size);
  file.write(head);
  if (head !== '\0') file.write('\n', size - 1);
  return file;
}
