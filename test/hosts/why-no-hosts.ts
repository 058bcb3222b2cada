import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const programs = ['mmdebstrap', 'apt-ftparchive', 'systemd-nspawn', 'ip', 'unshare', 'nsenter', 'setpriv', 'flock'];
/** What a host needs of the kernel; all of it goes with the process. */
const trial = [
  'mount -t tmpfs tmpfs /mnt',
  'mkdir /mnt/lower /mnt/upper /mnt/work /mnt/root',
  'mount -t overlay -o lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root',
  'umount --lazy --recursive /sys/fs/cgroup',
  'mount -t cgroup2 cgroup2 /sys/fs/cgroup',
  'ip link add name timmy0 type bridge',
  'ip link add name timmy0-1 type veth peer name host0',
].join(' && ');

/** What this machine lacks to boot hosts; undefined where they can. */
export function whyNoHosts(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'root on Linux';
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  if (!/^ID=debian$/m.test(release)) return 'Debian';
  const path = (process.env['PATH'] ?? '').split(':').concat('/usr/sbin', '/sbin');
  const missing = programs.filter((name) => !path.some((directory) => existsSync(`${directory}/${name}`)));
  if (missing.length > 0) return `${missing.join(', ')} (test/install-debian-packages.sh installs them)`;
  const namespaces = ['--mount', '--net', '--pid', '--fork', '--mount-proc'];
  const { status, stderr } = spawnSync('unshare', [...namespaces, 'sh', '-c', trial], { encoding: 'utf8' });
  return status === 0 ? undefined : `a kernel with overlay, cgroup2, namespaces and veth: ${stderr.trim()}`;
}
