import { site } from '../support/repository.ts';
import type { Host } from './boot-host.ts';
import { openUnitRig, type UnitRig } from './unit-rig.ts';

/** Holds dpkg's lock until /run/go exists; ends as soon as it has it. */
const holdLock = `
use Fcntl; pipe(my $r, my $w); open(my $f, ">>", "/var/lib/dpkg/lock-frontend") or die;
if (fork()) { close($w); <$r>; exit }
my $lock = pack("ssx4qqix4", F_WRLCK, 0, 0, 0, 0); fcntl($f, F_SETLK, $lock) or die;
close($w); select(undef, undef, undef, 0.05) until -e "/run/go"`;

/** A configured host with the means to look at its packages. */
export interface PackageRig extends UnitRig {
  /** Makes these its resources, and runs nothing. */
  declare(resources: string): Promise<void>;
  /** `install 1.0 installed`, or an empty text. */
  standing(name: string): Promise<string>;
  /** Everything that dpkg and apt know, as text. */
  everything(): Promise<string>;
  /** Waits until a shell command succeeds. */
  until(script: string): Promise<unknown>;
  takeLock(): Promise<unknown>;
  /** Without state and without the samples. */
  clear(): Promise<void>;
}

export async function openPackageRig(host: Host): Promise<PackageRig> {
  const samples = ['sample', 'sample-service', 'sample-broken', 'jq'];
  return {
    ...(await openUnitRig(host)),
    declare: (resources) => host.write('/srv/config/desired-state/site.yaml', site(resources)),
    standing: async (name) =>
      (await host.run(['dpkg-query', '-W', '-f', '${db:Status-Want} ${Version} ${db:Status-Status}', name])).stdout,
    everything: async () =>
      (await host.ask(['dpkg-query', '-W', '-f', '${binary:Package} ${Version} ${Status}\n'])) +
      (await host.ask(['apt-mark', 'showauto'])),
    until: (script) => host.ask(['sh', '-c', `until ${script} >/dev/null; do sleep 0.05; done`]),
    takeLock: () => host.ask(['systemd-run', '--quiet', '--collect', '--service-type=forking', 'perl', '-e', holdLock]),
    async clear() {
      await host.ask(['rm', '-rf', '/var/lib/timmy-reconciler', '/srv/marker', '/etc/sample-broken', '/run/go']);
      await host.ask(['apt-get', 'purge', '-qq', '--allow-change-held-packages', ...samples]);
    },
  };
}
