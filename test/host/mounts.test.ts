import { expect, it } from 'vitest';
import { openMounts } from '../../src/host/mounts.ts';

/** Of lines of /proc/self/mountinfo, without what stands between the mount point and the dash. */
const mountsOf = (...lines: readonly string[]) => {
  const table = lines.map((line) => line.replace(' - ', ' rw,relatime shared:1 master:2 - '));
  return openMounts(() => `${table.join('\n')}\n`);
};
const root = '22 1 8:1 / / - ext4 /dev/sda1 rw';

it('names with blanks, line breaks, backslashes and other letters are what they stand for', () => {
  const mounted = mountsOf(
    root,
    String.raw`30 22 0:1 / /a\040b\011c\012d\134e\134040 - tmpfs small\040disk rw`,
    '31 22 0:2 / /gr\u00c3\u00bcn - tmpfs x rw',
  );

  expect(mounted('/a b\tc\nd\\e\\040')).toEqual({ what: 'tmpfs of small disk', hides: true });
  expect(mounted('/grün')).toMatchObject({ hides: true });
  expect(mounted('/a b')).toBeUndefined();
});

it('only the path itself is a mount point, not what is above or below it', () => {
  const mounted = mountsOf(root, '30 22 8:17 / /srv/data - ext4 /dev/sdb1 rw', '31 30 8:33 / /srv/data/deep - xfs /dev/sdc1 rw');

  expect(mounted('/srv/data')).toEqual({ what: 'ext4 of /dev/sdb1', hides: true });
  expect(mounted('/srv/data/deep')).toEqual({ what: 'xfs of /dev/sdc1', hides: true });
  for (const path of ['/srv', '/srv/data2', '/srv/data/file', '/srv/data/deep/file']) expect(mounted(path)).toBeUndefined();
});

it('a mount that another one hides is no mount point', () => {
  const mounted = mountsOf(
    root,
    '30 22 8:17 / /srv/a - ext4 /dev/sdb1 rw',
    '31 22 0:5 / /srv - tmpfs none rw',
    '32 31 0:6 / /srv/b - tmpfs b rw',
  );

  expect(mounted('/srv/a')).toBeUndefined();
  expect(mounted('/srv/b')).toMatchObject({ what: 'tmpfs of b' });
});

it('of several mounts at one path the last one is seen', () => {
  const mounted = mountsOf(
    root,
    '30 22 8:17 / /a - ext4 /dev/sdb1 rw',
    '31 30 0:5 / /a - tmpfs upper rw',
    '32 31 0:6 / /a/b - tmpfs b rw',
  );

  expect(mounted('/a')).toMatchObject({ what: 'tmpfs of upper' });
  expect(mounted('/a/b')).toMatchObject({ what: 'tmpfs of b' });
});

it('a directory that is mounted on itself hides nothing, unless something else is mounted there too', () => {
  const mounted = mountsOf(
    root,
    '30 22 8:1 /etc /etc - ext4 /dev/sda1 rw',
    '31 30 8:1 /var/lib/hosts /etc/hosts - ext4 /dev/sda1 rw',
    '40 22 8:17 / /data - ext4 /dev/sdb1 rw',
    '41 40 8:17 / /data - ext4 /dev/sdb1 rw',
  );

  expect(mounted('/etc')).toMatchObject({ hides: false });
  expect(mounted('/etc/hosts')).toEqual({ what: 'ext4 of /dev/sda1, /var/lib/hosts there', hides: true });
  expect(mounted('/etc/passwd')).toBeUndefined();
  expect(mounted('/data')).toMatchObject({ hides: true });
});

it('what is mounted in a directory cannot be replaced where the same directory is seen at another path either', () => {
  const mounted = mountsOf(root, '30 22 0:5 / /x - tmpfs a rw', '31 30 0:6 / /x/f - tmpfs b rw', '32 22 0:5 / /y - tmpfs a rw');

  expect(mounted('/y/f')).toEqual({ what: 'tmpfs of b', hides: false });
  expect(mounted('/y/g')).toBeUndefined();
});

it.each([
  [
    'whose root is a mount of itself',
    ['1 1 0:2 / / - rootfs rootfs rw', '22 1 8:1 /@ / - btrfs /dev/sda1 rw', '30 22 0:5 / /a - tmpfs a rw'],
  ],
  ['whose root is a directory of one that it does not see', ['30 22 0:5 / /a - tmpfs a rw', '31 30 0:6 / /a/b - tmpfs b rw']],
])('a process %s sees its mounts', (_what, lines) => {
  const mounted = mountsOf(...lines);

  expect(mounted('/a')).toEqual({ what: 'tmpfs of a', hides: true });
  expect(mounted('/b')).toBeUndefined();
});

it('lines of another form are passed over, and without a table nothing is mounted', () => {
  expect(mountsOf('', 'x', '1 2 3', '30 22 0:5 / /a no dash', root, '31 22 0:5 / /b -')('/a')).toBeUndefined();
  expect(openMounts(() => '')('/a')).toBeUndefined();
});

it('the table is read once, when the first path is asked for', () => {
  let reads = 0;
  const mounted = openMounts(() => `${reads++}`);
  expect(reads).toBe(0);

  mounted('/a');
  mounted('/b');

  expect(reads).toBe(1);
});
