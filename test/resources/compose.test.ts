import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readContainers } from '../../src/resources/compose-containers.ts';
import { compose } from '../../src/resources/types/compose.ts';
import { theLaws } from '../support/laws.ts';
import { makeRepository, site } from '../support/repository.ts';
import { prepare } from './converge-kind.ts';

const content = 'services:\n  web:\n    image: web:1\n  setup: { image: setup:1 }\n';
const app = { project: 'app', path: '/opt/app/compose.yaml', content };

theLaws(compose, [
  { name: 'makes the file', attributes: app },
  { name: 'replaces the file', attributes: { ...app, content: `${content}  more: { image: more:1 }\n` }, before: app },
  { name: 'moves the file', attributes: { ...app, path: '/opt/app/other.yaml' }, before: app },
  { name: 'corrects the mode', attributes: { ...app, mode: '0600' }, before: app },
  { name: 'removes the file', attributes: { project: 'app', path: app.path, ensure: 'absent' }, before: app },
]);

describe('what a project may say', () => {
  it.each([
    ['no content', { content: undefined }, 'exactly one of content, source, template'],
    ['a project that docker would not take', { project: 'My App' }, 'project: expected lower-case'],
    ['an option as the project', { project: '-f' }, 'project: expected lower-case'],
    ['what is not YAML', { content: 'services: [' }, 'content: is not a compose file'],
    ['no services', { content: 'volumes: {}' }, 'content: is not a compose file: it has no services'],
    ['a list of services', { content: 'services: [web]' }, 'content: is not a compose file: it has no services'],
  ])('refuses %s', (_what, attributes, message) => {
    expect(prepare(compose, { ...app, ...attributes }).problems.join('\n')).toContain(message);
  });

  it('knows its services, without those of a profile or of no container and with what anchors bring', () => {
    const text = `x-all: &all { restart: always }
services:
  web: { <<: *all, image: a, scale: 2 }
  tool: { image: b, profiles: [x] }
  spare: { image: c, scale: 0 }
  idle: { image: d, deploy: { replicas: 0 } }
`;
    expect(prepare(compose, { ...app, content: text }).desired.services).toEqual(['web']);
  });
});

describe('what differs', () => {
  const { desired } = prepare(compose, { ...app, jobs: ['setup'] });
  const line = (project: string, service: string, state: string, status: string, oneOff = 'False'): string =>
    `${[project, service, state, status, oneOff].join('\t')}\n`;
  const both = line('app', 'web', 'running', 'Up 2 minutes') + line('app', 'setup', 'exited', 'Exited (0) 2 minutes ago');
  const host = { stat: () => undefined } as never;
  const diffOf = async (wanted: object, containers: string | null) =>
    compose.diff(wanted as never, {
      ...(await compose.inspect(
        wanted as never,
        { host, survey: containers === null ? null : readContainers(containers) } as never,
      )),
      file: compose.absent!(desired) === wanted ? { type: 'absent' } : present,
    });
  const present = {
    type: 'file',
    sha256: desired.file.content.sha256,
    size: 1,
    mode: '0644',
    owner: null,
    group: null,
    uid: 0,
    gid: 0,
  } as const;

  it.each([
    ['nothing where all services do their work', both, 'none', undefined],
    ['nothing where no docker is', null, 'none', undefined],
    ['a container that is gone', line('app', 'setup', 'exited', 'Exited (0) now'), 'update', 'without web'],
    ['a container that was stopped', both.replace('running\tUp', 'exited\tExited (0)'), 'update', 'without web'],
    ['a container beside one of `run`', both.replace('Up 2 minutes\tFalse', 'Up 2 minutes\tTrue'), 'update', 'without web'],
    ['a job that only `run` has done', both.replace('ago\tFalse', 'ago\tTrue'), 'update', 'without setup'],
    ['a job that failed', both.replace('Exited (0)', 'Exited (1)'), 'update', 'without setup'],
    ['all, beside another project', both.replaceAll('app', 'other'), 'update', 'without web, setup'],
  ])('is %s', async (_what, containers, action, from) => {
    const diff = await diffOf(desired, containers);

    expect([diff.action, 'changes' in diff ? diff.changes[0]?.from : undefined]).toEqual([action, from]);
  });

  it('is the containers of a project that leaves git', async () => {
    const gone = compose.absent!(desired)!;
    const state = { file: { type: 'absent' }, missing: [], isUp: true } as const;

    expect(compose.diff(gone, state)).toEqual({ action: 'remove', changes: [{ field: 'containers', from: 'up', to: null }] });
    expect(compose.diff(gone, { ...state, isUp: false }).action).toBe('none');
  });
});

it('under a root the file is made and the plan says that the containers are left', () => {
  using repository = makeRepository(
    '- { kind: compose, project: app, path: /opt/app.yaml, content: "services: { web: { image: a } }" }',
  );

  const { outcome, steps } = repository.report();

  expect(outcome).toBe('converged');
  expect(JSON.stringify(steps)).toContain('containers need a live host');
});

it.each([
  ['moved', 'path: /srv/b/c.yaml, content: "services: { web: { image: a } }"', ['b/c.yaml']],
  ['absent elsewhere', 'path: /srv/b/c.yaml, ensure: absent', []],
])('a compose file that is %s does not stay where it was', (_what, attributes, left) => {
  const project = (what: string): string => `- { kind: compose, project: p, ${what} }\n- { kind: directory, path: /srv/b }\n`;
  using repository = makeRepository(project('path: /srv/a/c.yaml, content: "services: { web: { image: a } }"'));
  repository.report();
  repository.write('desired-state/site.yaml', site(project(attributes)));

  expect(repository.report()).toMatchObject({ outcome: 'converged', problems: [] });
  const srv = join(repository.root, 'srv');
  expect(['a/c.yaml', 'b/c.yaml'].filter((path) => existsSync(join(srv, path)))).toEqual(left);
  expect(repository.report()).toMatchObject({ outcome: 'converged', steps: [], writes: 0 });
  expect(repository.cli('rollback', '--root', repository.root).exit).toBe(0);
  expect(existsSync(join(srv, 'a/c.yaml'))).toBe(true);
});
