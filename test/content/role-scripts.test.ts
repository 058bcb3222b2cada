import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, symlinkSync, utimesSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { openRoleScriptRig, script } from './role-script-rig.ts';
import { hasProgram } from './script-rig.ts';

const hasPython = hasProgram('python3');
if (!hasPython) console.warn('skipped: the scripts of the roles need python3');

describe.skipIf(!hasPython)('agent_startup.py', () => {
  const good = 'model:\n  default: kimi-k2.5\n';
  const open = (config: string, more: object = {}) => {
    const rig = openRoleScriptRig();
    rig.write('config.yaml', config);
    const settings = {
      agent: 'ezra',
      config: rig.at('config.yaml'),
      snapshots: rig.at('snapshots'),
      token_file: rig.at('token'),
      port: 1,
      answer_seconds: 1,
      pull: [],
      pull_seconds: 1,
      ...more,
    };
    rig.write('startup.json', JSON.stringify(settings));
    const run = (stage: string) =>
      rig.run('hermes-agent/files/agent_startup.py', [stage], { AGENT_STARTUP: rig.at('startup.json') });
    return { rig, run };
  };

  it.each([
    ['fails', ['false'], 'ezra starts with what it has: false ended with 1\n'],
    ['hangs', ['sleep', '10'], /ezra starts with what it has: .*timed out/],
    ['is not installed', ['/missing/reconcile'], /ezra starts with what it has: .*No such file/],
    ['finds a run under way', ['sh', '-c', 'exit 5'], 'a run is under way, which brings the configuration\n'],
  ])('lets the agent start when fetching %s', (_what, pull, said) => {
    const { rig, run } = open(good, { pull });
    using _ = rig;

    expect(run('before')).toEqual({ exit: 0, output: typeof said === 'string' ? said : expect.stringMatching(said) });
  });

  it.each([
    ['model:\n<<<<<<< HEAD\n', 'it holds marks of a merge conflict'],
    ['', 'it names no model'],
    ['model:\n\tdefault: x\n', 'it is indented with tabs'],
  ])('puts the last good configuration in the place of %j', (config, fault) => {
    const { rig, run } = open(config);
    using _ = rig;

    expect(run('before')).toEqual({
      exit: 1,
      output: expect.stringContaining(`${fault}; and there is no configuration that was well`),
    });

    rig.write('snapshots/last-good/0-config.yaml', good);
    rig.write(
      'snapshots/last-good/manifest.json',
      JSON.stringify({ files: [{ name: '0-config.yaml', path: rig.at('config.yaml') }] }),
    );
    expect(run('before')).toEqual({ exit: 0, output: expect.stringContaining(fault) });
    expect(rig.read('config.yaml')).toBe(good);
  });

  it('writes no configuration through a link that somebody put in its way', () => {
    const { rig, run } = open('');
    using _ = rig;
    rig.write('snapshots/last-good/0-config.yaml', good);
    rig.write(
      'snapshots/last-good/manifest.json',
      JSON.stringify({ files: [{ name: '0-config.yaml', path: rig.at('config.yaml') }] }),
    );
    rig.write('other', 'other\n');
    symlinkSync(rig.at('other'), rig.at('config.startup'));

    expect(run('before').exit).toBe(0);
    expect([rig.read('other'), rig.read('config.yaml')]).toEqual(['other\n', good]);
  });

  it('does not start an agent whose token is a stub, and does not show the token', () => {
    const { rig, run } = open(good);
    using _ = rig;
    rig.write('token', 'stub-token\n');

    const { exit, output } = run('before');

    expect(exit).toBe(1);
    expect(output).toContain('fewer than 40 characters');
    expect(output).not.toContain('stub-token');
  });

  it('says so when the gateway does not answer', () => {
    const { rig, run } = open(good);
    using _ = rig;

    expect(run('answers')).toEqual({ exit: 1, output: 'the gateway does not answer on port 1 after 1 s\n' });
  });
});

describe('backup', () => {
  it('archives a set, tells what is missing, and keeps the newest whatever its age', () => {
    using rig = openRoleScriptRig();
    rig.write('data/a', 'a');
    rig.write('data/b.tmp', 'b');
    for (const old of ['set-20200101T000000Z.tar.gz', '.partial-20200101T000000Z.tar.gz']) {
      rig.write(`data/archives/${old}`, 'old');
      utimesSync(rig.at(`data/archives/${old}`), 0, 0);
    }
    const lines = [
      `directory ${rig.at('data/archives')}`,
      'keep_days 7',
      `path ${rig.at('data')}`,
      `path ${rig.at('gone')}`,
      'exclude *.tmp',
    ];
    rig.write('settings/set.set', lines.join('\n') + '\n');

    const { exit, output } = rig.run('backups/files/backup', ['make', 'set'], { BACKUP_SETTINGS: rig.at('settings') });

    expect(exit).toBe(1);
    expect(output).toContain(`set: ${rig.at('gone')} does not exist`);
    const [archive, ...others] = readdirSync(rig.at('data/archives'));
    expect(others).toEqual([]);
    const listed = execFileSync('tar', ['-tzf', rig.at(`data/archives/${archive}`)], { encoding: 'utf8' });
    expect(listed).toContain(`${rig.at('data/a')}\n`);
    expect(listed).not.toContain('b.tmp');
    // Each archive would hold all before it.
    expect(listed).not.toContain('archives');
  });

  it('finds archives that are missing, old or broken', () => {
    using rig = openRoleScriptRig();
    rig.write('old/x.tar.gz', '');
    utimesSync(rig.at('old/x.tar.gz'), 0, 0);
    rig.write('broken/x.tar.gz', 'not a tar');
    const watched = ['old', 'broken', 'none'].map((name) => `${name} ${rig.at(name)}/*.tar.gz\n`);
    rig.write('settings/watched', watched.join(''));

    const { exit, output } = rig.run('backups/files/backup', ['verify', '26'], { BACKUP_SETTINGS: rig.at('settings') });

    expect(exit).toBe(1);
    expect(output).toMatch(/^old: \S+ is older than 26 hours\nbroken: \S+ cannot be read\nnone: no archive at \S+\n$/);
  });
});

describe.skipIf(!hasPython)('write_policy.py', () => {
  it('takes the events of listed keys, and a key that is added needs no restart', () => {
    using rig = openRoleScriptRig();
    rig.write('keys', `${'a'.repeat(64)}\n`);
    const event = (pubkey: string) => JSON.stringify({ type: 'new', event: { id: pubkey[0], pubkey: pubkey.repeat(64) } });

    const { output } = rig.run(
      'nostr-relay/files/write_policy.py',
      [],
      { ALLOWED_KEYS: rig.at('keys') },
      `${event('a')}\n{"type":"other"}\n${event('b')}\n`,
    );

    expect(
      output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { id: 'a', action: 'accept', msg: '' },
      { id: 'b', action: 'reject', msg: expect.stringContaining('its own fleet') },
    ]);
  });
});

describe.skipIf(!hasPython)('auto_merge.py', () => {
  it('merges only what is labelled, green, quiet and without conflict, at the head that it looked at', async () => {
    using rig = openRoleScriptRig();
    const pull = (number: number, more: object = {}) => ({
      number,
      draft: false,
      mergeable: true,
      updated_at: '2026-01-01T00:00:00Z',
      head: { sha: `sha${number}` },
      labels: [{ name: 'auto-merge' }],
      ...more,
    });
    const pulls = [
      pull(1),
      pull(2, { labels: [] }),
      pull(3, { labels: [{ name: 'auto-merge' }, { name: 'needs-human' }] }),
      pull(4, { mergeable: false }),
      pull(5, { updated_at: new Date().toISOString() }),
      pull(6),
      pull(7),
      pull(8, { draft: true }),
      pull(9),
      pull(10),
    ];
    const check = (context: string, status: string) => ({ context, status });
    // What does not fit on one page counts too.
    const checks: Readonly<Record<string, readonly (readonly object[])[]>> = {
      sha6: [[check('lint', 'success')], [check('test', 'pending')]],
      sha7: [],
    };
    const merged: string[] = [];
    const server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url!, 'http://gitea.example');
      const page = Number(searchParams.get('page')) - 1;
      const sha = /commits\/(\w+)\/status/.exec(pathname)?.[1];
      if (request.method === 'POST') {
        request.on('data', (body: Buffer) => merged.push(`${request.url} ${body.toString()}`));
        request.on('end', () => response.writeHead(pathname.includes('/9/') ? 405 : 200).end());
      } else if (pathname.includes('/gone/')) response.writeHead(404).end();
      else if (sha === undefined) response.end(JSON.stringify(pulls.slice(page * 4, page * 4 + 4)));
      else response.end(JSON.stringify({ statuses: (checks[sha] ?? [[check('test', 'success')]])[page] ?? null }));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const gitea = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const rules = { label: 'auto-merge', forbidden_labels: ['needs-human'], quiet_minutes: 30, limit: 3 };
    rig.write('settings.json', JSON.stringify({ gitea, repositories: ['fleet/gone', 'fleet/config'], ...rules }));
    rig.write('token', 'secret-token');

    const env = {
      PATH: process.env['PATH'] ?? '',
      AUTO_MERGE_SETTINGS: rig.at('settings.json'),
      CREDENTIALS_DIRECTORY: rig.at('.'),
    };
    const child = spawn(script('auto-merge/files/auto_merge.py'), [], { env });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [exit] = (await once(child, 'close')) as [number];
    server.close();

    expect({ exit, output }).toMatchObject({ exit: 1, output: expect.stringContaining('fleet/gone: HTTP Error 404') });
    expect(output).toContain('fleet/config#9: HTTP Error 405');
    expect(merged).toEqual(
      [1, 9, 10].map((number) =>
        expect.stringMatching(`^/api/v1/repos/fleet/config/pulls/${number}/merge .*"head_commit_id": "sha${number}"`),
      ),
    );
    expect(output.split('\n').join(' ')).toMatch(
      /#2 has no label.*#3 has the label needs-human.*#4 has conflicts.*#5 changed less.*#6 has the check test, which is pending.*#7 has no checks.*#8 is a draft/,
    );
    expect(output).not.toContain('secret-token');
    expect(existsSync(rig.at('token'))).toBe(true);
  });
});
