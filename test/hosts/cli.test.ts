import { spawnSync } from 'node:child_process';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeOnHosts } from './describe-on-hosts.ts';

describeOnHosts('npm run hosts', () => {
  it('boots hosts that stay until they are told to end', () => {
    using runtime = temporaryDirectory();
    const hosts = (...args: readonly string[]) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [`${import.meta.dirname}/cli.ts`, ...args], {
        env: { ...process.env, XDG_RUNTIME_DIR: runtime.path },
        encoding: 'utf8',
      });
      return { status, stdout, stderr };
    };
    onTestFinished(() => void hosts('down'));
    const rows = /^ezra 10\.213\.\d+\.2\nforge 10\.213\.\d+\.3\n$/;
    expect(hosts('up', 'ezra', 'forge')).toMatchObject({ status: 0, stdout: expect.stringMatching(rows) });
    expect(hosts('list').stdout).toMatch(rows);
    expect(hosts('up', '1')).toMatchObject({ status: 1, stderr: expect.stringContaining('running already') });
    expect(hosts('exec', 'forge', 'sh', '-c', 'hostname; exit 3')).toMatchObject({ status: 3, stdout: 'forge\n' });
    expect(hosts('exec', 'allegro', 'true')).toMatchObject({ status: 1, stderr: expect.stringContaining('no host allegro') });
    expect(hosts('down')).toMatchObject({ status: 0, stderr: '' });
    expect(hosts('list').stdout).toBe('');
    expect(hosts()).toMatchObject({ status: 2, stderr: expect.stringContaining('hosts -- up') });
  });
});
