import type { Host } from './boot-host.ts';

interface SamplePackage {
  readonly name: string;
  readonly version?: string;
  /** More lines of its control file: `Depends: sample`. */
  readonly fields?: readonly string[];
  /** What its maintainer scripts do, shell scripts. */
  readonly postinst?: string;
  readonly preinst?: string;
  readonly postrm?: string;
}

export const moreSources = '/etc/apt/sources.list.d/more.list';

/** Puts a package into a second source of a booted host, which apt knows once `moreSources` holds `moreLine` and the index is new. */
export const moreLine = 'deb [trusted=yes] file:/srv/more ./\n';

export async function publishPackage(
  host: Host,
  { name, version = '1.0', fields = [], ...scripts }: SamplePackage,
): Promise<void> {
  const control = [
    `Package: ${name}`,
    `Version: ${version}`,
    'Architecture: all',
    'Maintainer: Nobody <nobody@host.example>',
    'Description: sample for tests',
    ...fields,
    '',
  ].join('\n');
  const work = `/srv/build/${name}-${version}`;
  await host.write(`${work}/DEBIAN/control`, control);
  for (const [script, text] of Object.entries(scripts))
    await host.write(`${work}/DEBIAN/${script}`, `#!/bin/sh\n${text}\n`, 0o755);
  const script = `
mkdir -p /srv/more
cd /srv/more
dpkg-deb --build "$1" "$2" >/dev/null
{ dpkg-deb --field "$2"; echo "Filename: ./$2"; stat --format='Size: %s' "$2"; echo "SHA256: $(sha256sum "$2" | cut -d' ' -f1)"; echo; } >>Packages
`;
  await host.ask(['sh', '-eu', '-c', script, '-', work, `${name}_${version}_all.deb`]);
}
