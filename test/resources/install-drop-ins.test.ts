import { lstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeRepository, site } from '../support/repository.ts';
import { writeBelow } from '../support/write-below.ts';

const etc = 'etc/systemd/system';
const packaged = 'usr/lib/systemd/system/app.service';
const plain = '[Service]\nExecStart=/bin/app\n';
const wantedBy = (target: string): string => `[Install]\nWantedBy=${target}.target\n`;
const service = (attributes: string): string => `- { kind: service, name: app, enabled: true, ${attributes} }`;
const dropIn = (text: string): string => `drop_ins: { boot: ${JSON.stringify(text)} }`;

/** A host with a unit of a package; `links` are those targets of which it has been made a part. */
function openHost(resources: string, unit = plain) {
  const repository = makeRepository(resources);
  writeBelow(repository.root, packaged, unit);
  const links = () =>
    ['graphical', 'multi-user'].filter((name) =>
      lstatSync(join(repository.root, etc, `${name}.target.wants/app.service`), { throwIfNoEntry: false }),
    );
  return Object.assign(repository, { links });
}

describe('what [Install] of a drop-in says', () => {
  it.each([
    ['of this resource, for a unit of a package', service(dropIn(wantedBy('multi-user'))), plain, ['multi-user']],
    [
      'beside what its unit says',
      service(dropIn(wantedBy('multi-user'))),
      plain + wantedBy('graphical'),
      ['graphical', 'multi-user'],
    ],
    [
      'in the place of what its unit says',
      service(dropIn(`[Install]\nWantedBy=\n${wantedBy('multi-user')}`)),
      plain + wantedBy('graphical'),
      ['multi-user'],
    ],
    [
      'for a unit of its own',
      service(`unit: ${JSON.stringify(plain)}, ${dropIn(wantedBy('multi-user'))}`),
      plain,
      ['multi-user'],
    ],
  ])('counts %s', (_what, resources, unit, links) => {
    using host = openHost(resources, unit);

    expect(host.report()).toMatchObject({ outcome: 'converged' });
    expect(host.links()).toEqual(links);
    expect(host.report()).toMatchObject({ outcome: 'converged', writes: 0 });
  });

  it('counts where others have made the drop-in, the first place of one name', () => {
    using host = openHost(service(''));
    writeBelow(host.root, 'usr/lib/systemd/system/app.service.d/boot.conf', wantedBy('graphical'));
    writeBelow(host.root, `${etc}/app.service.d/boot.conf`, wantedBy('multi-user'));

    expect(host.report()).toMatchObject({ outcome: 'converged' });
    expect(host.links()).toEqual(['multi-user']);
    rmSync(join(host.root, etc, 'multi-user.target.wants'), { recursive: true });
    expect(host.report()).toMatchObject({ outcome: 'converged', counts: { update: 1 } });
  });

  it('is followed when it changes, and ends with the drop-in', () => {
    using host = openHost(service(dropIn(wantedBy('graphical'))), plain + wantedBy('multi-user'));
    const converge = (resources: string) => {
      host.write('desired-state/site.yaml', site(resources));
      expect(host.report()).toMatchObject({ outcome: 'converged' });
    };

    expect(host.report()).toMatchObject({ outcome: 'converged' });
    expect(host.links()).toEqual(['graphical', 'multi-user']);
    converge(service(dropIn(wantedBy('multi-user'))));
    expect(host.links()).toEqual(['multi-user']);
    converge(service(dropIn(wantedBy('graphical'))));
    converge(service(''));
    expect(host.links()).toEqual(['multi-user']);
  });
});
