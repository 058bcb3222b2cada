import { mkdirSync, readFileSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeRepository } from '../support/repository.ts';
import { writeBelow } from '../support/write-below.ts';

const made = 'run/systemd/generator.late';
const link = 'etc/systemd/system/multi-user.target.wants/legacy.service';
const legacy = '[Unit]\nSourcePath=/etc/init.d/legacy\n[Service]\nType=forking\nExecStart=/etc/init.d/legacy start\n';

/** A host with an init script, of which systemd has made a unit. */
function openHost(resources: string, { isAtBoot }: { readonly isAtBoot: boolean }) {
  const repository = makeRepository(resources);
  const { root } = repository;
  writeBelow(root, `${made}/legacy.service`, legacy);
  mkdirSync(join(root, made, 'multi-user.target.wants'), { recursive: true });
  if (isAtBoot) symlinkSync('../legacy.service', join(root, made, 'multi-user.target.wants/legacy.service'));
  return repository;
}
const service = (attributes: string): string => `- { kind: service, name: legacy, ${attributes} }`;

describe('a unit that systemd makes of an init script', () => {
  it.each([true, false])('with "enabled: %s" is what the script is', (enabled) => {
    using repository = openHost(service(`enabled: ${enabled}`), { isAtBoot: enabled });

    expect(repository.report()).toMatchObject({ outcome: 'converged', counts: { update: 0 }, problems: [] });
  });

  it.each([
    [true, 'legacy.service is not started at boot by what /etc/init.d/legacy says', 'run "update-rc.d legacy enable"'],
    [false, 'legacy.service is started at boot by what /etc/init.d/legacy says', 'run "update-rc.d legacy disable"'],
  ])('is refused with "enabled: %s" where the script says otherwise', (enabled, message, hint) => {
    using repository = openHost(service(`enabled: ${enabled}`), { isAtBoot: !enabled });

    const { exit, problems } = repository.report();

    expect(exit).toBe(7);
    expect(problems[0]?.message).toContain(message);
    expect(problems[0]?.hint).toContain(hint);
  });

  it('is not removed', () => {
    using repository = openHost(service('ensure: absent'), { isAtBoot: true });

    expect(repository.report().problems[0]?.message).toBe('legacy.service comes from /etc/init.d/legacy, which is not removed');
  });

  it('is masked, and has nothing to be disabled then', () => {
    using repository = openHost(service('masked: true, enabled: false'), { isAtBoot: true });

    expect(repository.report()).toMatchObject({ outcome: 'converged', counts: { update: 1 } });
    expect(repository.report()).toMatchObject({ outcome: 'converged', writes: 0 });
  });

  it('gets drop-ins, and is replaced by a unit of its own', () => {
    using repository = openHost(service('drop_ins: { nice: "[Service]\\nNice=5\\n" }'), { isAtBoot: true });
    const at = (path: string): string => readFileSync(join(repository.root, 'etc/systemd/system', path), 'utf8');

    expect(repository.report()).toMatchObject({ outcome: 'converged' });
    expect(at('legacy.service.d/nice.conf')).toContain('Nice=5');

    repository.write(
      'desired-state/site.yaml',
      `assignments: [{ hosts: all, resources: [{ kind: service, name: legacy, enabled: true,
        unit: "[Service]\\nExecStart=/bin/true\\n[Install]\\nWantedBy=multi-user.target\\n" }] }]`,
    );
    expect(repository.report()).toMatchObject({ outcome: 'converged' });
    expect(at('legacy.service')).toContain('/bin/true');
    expect(readlinkSync(join(repository.root, link))).toBe('/etc/systemd/system/legacy.service');
    expect(repository.report()).toMatchObject({ outcome: 'converged', writes: 0 });
  });
});
