import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname, machine, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readFacts } from '../../src/host/facts.ts';
import { openLocalReader } from '../../src/host/local-reader.ts';
import { canonicalJson } from '../../src/model/json.ts';
import { processorTime } from '../support/processor-time.ts';

describe('the facts of this machine', () => {
  const facts = readFacts(openLocalReader({}));

  it('are plain JSON and the same every time', () => {
    expect(JSON.parse(JSON.stringify(facts))).toEqual(facts);
    expect(canonicalJson(readFacts(openLocalReader({})))).toBe(canonicalJson(facts));
  });

  it('name system, machine and user', () => {
    expect(facts).toMatchObject({
      os: expect.stringMatching(/^[a-z]/),
      arch: machine(),
      hostname: hostname(),
      service_manager: expect.stringMatching(/^(systemd|launchd|none)$/),
      user: userInfo().username,
      home: userInfo().homedir,
      is_root: process.geteuid?.() === 0,
    });
  });

  it('cost next to nothing', () => {
    const host = openLocalReader({});
    const started = processorTime();
    for (let count = 0; count < 100; count++) readFacts(host);

    expect((processorTime() - started) / 100).toBeLessThan(1);
  });
});

describe('the facts under a root', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'facts-'));
    for (const directory of ['etc', 'usr/lib/systemd']) mkdirSync(join(root, directory), { recursive: true });
  });
  afterEach(() => rmSync(root, { recursive: true }));
  const read = () => readFacts(openLocalReader({ root }));

  it('are the machine’s where the root has no system', () => {
    expect(read()).toEqual(readFacts(openLocalReader({})));
  });

  it('are those of an image, also where os-release is a link', () => {
    writeFileSync(
      join(root, 'usr/lib/os-release'),
      `# a comment\nNAME="Some \\"Linux\\""\nID=somelinux\nID_LIKE="rhel fedora"\nVERSION_ID='9.1'\nVERSION_CODENAME=blue\n`,
    );
    symlinkSync('../usr/lib/os-release', join(root, 'etc/os-release'));
    writeFileSync(join(root, 'etc/hostname'), 'image.example\n');
    writeFileSync(join(root, 'usr/lib/systemd/systemd'), '');

    expect(read()).toMatchObject({
      os: 'somelinux',
      os_version: '9.1',
      os_codename: 'blue',
      os_family: ['somelinux', 'rhel', 'fedora'],
      hostname: 'image.example',
      service_manager: 'systemd',
    });
  });

  it('do not follow a link out of the root', () => {
    symlinkSync('/etc/passwd', join(root, 'etc/hostname'));
    writeFileSync(join(root, 'etc/os-release'), 'ID=x\n');

    expect(read()).toMatchObject({ os: 'x', os_version: '', hostname: hostname(), service_manager: 'none' });
  });
});
