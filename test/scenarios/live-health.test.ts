import { existsSync, readFileSync, utimesSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { listen } from '../support/listen.ts';
import { makeLiveRepository, type LiveRepository } from '../support/live-repository.ts';
import { snapshot } from '../support/snapshot.ts';

const servers: AsyncDisposable[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
});

/** Listens on loopback; the run must be asynchronous, or nobody answers it. */
async function serve(answer: Parameters<typeof createServer>[1]): Promise<number> {
  const server = await listen(createServer({}, answer));
  servers.push(server);
  return server.port;
}

/** A role with one file and these checks. */
function repositoryWith(health: string, content = 'new'): LiveRepository {
  const live = makeLiveRepository('', {
    'roles/web/role.yaml': `
summary: One file, and whether it works.
resources:
  - kind: file
    path: "{{ base }}/etc/web.conf"
    content: "${content}"
health:
${health.trimEnd().replaceAll(/^/gm, '  ')}
`,
  });
  live.write('desired-state/site.yaml', 'assignments:\n  - hosts: all\n    roles: [web]\n');
  return live;
}

it('every kind of check can hold, and the report names each', async () => {
  const port = await serve((_, response) => response.writeHead(204).end());
  using live = repositoryWith(`
- http: { url: "http://127.0.0.1:${port}/health", status: 204, within: 5s }
- tcp: { port: ${port}, within: 5s }
- command: { argv: [test, -e, "{{ base }}/etc/web.conf"], within: 5s }
- file_age: { path: "{{ base }}/etc/web.conf", max: 1h }
`);

  const report = await live.converge();

  expect(report.summary).toContain('Applied and verified');
  expect(report.health.map(({ ok }) => ok)).toEqual([true, true, true, true]);
  expect(report.health[0]?.name).toBe(`web: http http://127.0.0.1:${port}/health`);
});

it('a check is tried again until it holds', async () => {
  let asked = 0;
  const port = await serve((_, response) => response.writeHead(++asked < 3 ? 503 : 200).end());
  using live = repositoryWith(`- http: { url: "http://127.0.0.1:${port}/", within: 20s }`);

  expect(await live.converge()).toMatchObject({ exit: 0, health: [{ ok: true }] });
  expect(asked).toBe(3);
});

it('a server that never ends its answer is healthy, and does not keep the run from ending', async () => {
  const port = await serve((_, response) => void response.writeHead(200).write('and so on'));
  using live = repositoryWith(`- http: { url: "http://127.0.0.1:${port}/", within: 5s }`);
  const started = performance.now();

  expect(await live.converge()).toMatchObject({ exit: 0, health: [{ ok: true }] });
  expect(performance.now() - started).toBeLessThan(4_000);
});

it.each([
  { check: 'http: { url: "http://127.0.0.1:PORT/", within: 100ms }', says: 'answered 503, expected 200' },
  { check: 'http: { url: "http://127.0.0.1:1/", within: 100ms }', says: 'connect ECONNREFUSED 127.0.0.1:1' },
  { check: 'http: { url: "http://127.0.0.1:PORT/silent", within: 100ms }', says: 'no answer in time' },
  { check: 'tcp: { port: 1, within: 100ms }', says: 'connect ECONNREFUSED 127.0.0.1:1' },
  { check: 'command: { argv: [sh, -c, "echo not yet; exit 3"], within: 2s }', says: 'exit 3: not yet' },
  {
    check: 'command: { argv: [sh, -c, "[ -e {{ base }}.asked ] && exec sleep 60; : > {{ base }}.asked; exit 4"], within: 2s }',
    says: 'exit 4',
  },
  { check: 'command: { argv: [sleep, "60"], within: 100ms }', says: 'no answer in time' },
  { check: 'command: { argv: [no-such-program], within: 100ms }', says: 'no-such-program: not installed on this host' },
  { check: 'file_age: { path: "{{ base }}/old", max: 1h }', says: 'the file is 72' },
  { check: 'file_age: { path: "{{ base }}/none", max: 1h }', says: 'the file does not exist' },
])('$check fails: $says; the exact tree is put back, exit 6, and the revision is quarantined', async ({ check, says }) => {
  const port = await serve(({ url }, response) => void (url === '/silent' || response.writeHead(503).end()));
  using live = repositoryWith(`- ${check.replace('PORT', String(port))}`);
  live.put('old', '');
  utimesSync(join(live.base, 'old'), Date.now() / 1000 - 7_200, Date.now() / 1000 - 7_200);
  const before = snapshot(live.base);

  const report = await live.converge();

  expect(report).toMatchObject({ exit: 6, outcome: 'rolledBack', health: [{ ok: false }], steps: [{ outcome: 'restored' }] });
  expect(report.health[0]?.message).toContain(says);
  expect(report.summary).toMatch(/^health check failed: web: .*Everything was put back as it was$/);
  expect(snapshot(live.base)).toBe(before);
  expect(await live.converge()).toMatchObject({ exit: 7, problems: [{ code: 'quarantined' }] });
  expect(snapshot(live.base)).toBe(before);
});

it('SIGTERM while a check is waited for puts everything back at once, and the revision may be tried again', async () => {
  let asked = 0;
  let kill = (): void => undefined;
  const port = await serve((_, response) => {
    response.writeHead(asked++ === 0 ? 503 : 200).end();
    kill();
    kill = () => undefined;
  });
  using live = repositoryWith(`- http: { url: "http://127.0.0.1:${port}/", within: 60s }`);
  live.put('etc/web.conf', 'old');
  const before = snapshot(live.base);
  const started = performance.now();

  const report = await live.converge((end) => (kill = end));

  expect(performance.now() - started).toBeLessThan(5_000);
  expect(report).toMatchObject({ exit: 6, summary: expect.stringMatching(/^Interrupted/) as string });
  expect(snapshot(live.base)).toBe(before);
  expect((await live.converge()).exit).toBe(0);
  expect(readFileSync(join(live.base, 'etc/web.conf'), 'utf8')).toBe('new');
});

it('a converged run, a check, and a role that is not wanted ask nobody', async () => {
  let asked = 0;
  const port = await serve((_, response) => {
    asked++;
    response.end();
  });
  using live = repositoryWith(`- http: { url: "http://127.0.0.1:${port}/", within: 5s }`);
  const skipped =
    'assignments:\n  - hosts: all\n    roles: [{ role: web, when: false }]\n    resources: [{ kind: file, path: "{{ base }}/x", content: x }]\n';

  await live.converge();
  expect(asked).toBe(1);
  await live.converge();
  live.run(['--check']);
  live.write('desired-state/site.yaml', skipped);
  expect((await live.converge()).exit).toBe(0);
  expect(asked).toBe(1);
  expect(existsSync(join(live.base, 'etc/web.conf'))).toBe(false);
});

it('checks of a role that is only observed cannot take back what another role did', async () => {
  using live = repositoryWith('- command: { argv: ["false"], within: 100ms }');
  live.write(
    'desired-state/site.yaml',
    'assignments:\n  - { hosts: all, mode: observe, roles: [web] }\n  - hosts: all\n    resources: [{ kind: file, path: "{{ base }}/x", content: x }]\n',
  );

  expect(await live.converge()).toMatchObject({ exit: 0 });
  expect(existsSync(join(live.base, 'x'))).toBe(true);
});

it('the host policy decides which programs checks, guards and refreshes may run, before any of them runs', () => {
  const trace = '{{ base }}/trace';
  using live = makeLiveRepository(
    `
- { kind: command, argv: [echo], unless: [touch, "${trace}"] }
- { kind: file, path: "{{ base }}/a", content: x, notify: "command[again]" }
- { kind: command, name: again, argv: [/bin/mkdir, "${trace}"], refresh_only: true }
`,
    {
      'roles/web/role.yaml': `summary: x\nhealth:\n  - command: { argv: [/usr/bin/env, touch, "${trace}"] }\n`,
    },
    'commands: { allow: [echo] }\n',
  );
  const site = readFileSync(join(live.path, 'desired-state/site.yaml'), 'utf8');
  live.write('desired-state/site.yaml', site.replace('- hosts: all', '- hosts: all\n    roles: [web]'));

  for (const args of [['--check'], []]) {
    const report = live.report(args);
    expect(report.exit).toBe(7);
    expect(report.problems.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'command-denied the host policy does not allow "touch"',
      'command-denied the host policy does not allow "/bin/mkdir"',
      'command-denied the host policy does not allow "/usr/bin/env"',
    ]);
  }
  expect(existsSync(join(live.base, 'trace'))).toBe(false);
});
