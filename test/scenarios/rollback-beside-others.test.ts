import { appendFileSync, chmodSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makePublicKey } from '../support/public-key.ts';
import { makeRepository, site } from '../support/repository.ts';
import { writeBelow } from '../support/write-below.ts';

const [ours, ada, bob] = [makePublicKey(1), makePublicKey(2), makePublicKey(3)];
const keys = 'root/.ssh/authorized_keys';
const key = `- { kind: authorized_key, user: root, key: ${ours} }`;
const yaml = 'etc/app.yaml';
const settings = `- { kind: config, path: /${yaml}, set: { model: { default: new }, limits.turns: 9 }, unset: [old] }`;
const limits = `- { kind: config, path: /${yaml}, set: { limits.turns: 9 } }`;
const chain = `- { kind: provider_chain, path: /${yaml}, format: hermes, chain: [{ provider: ollama, model: a, base_url: 'http://localhost:1/v1' }, { provider: anthropic, model: b }] }`;

interface Case {
  readonly name: string;
  readonly resources: string;
  readonly path: string;
  /** None: there is no such file. */
  readonly before?: string;
  /** What somebody makes of what the run has made. */
  readonly since: (text: string) => string;
  /** None: the file is gone. */
  readonly after?: string;
  /** What the summary says of it. */
  readonly told?: 'what others have written since stays in' | 'was put back whole';
}

const app = '# by hand\nmodel:\n  default: old # mine\nold: 1 # why\nui: {dark: no}\n';
const cases: readonly Case[] = [
  {
    name: 'a key that a person has added',
    resources: key,
    path: keys,
    before: `${ada}\n`,
    since: (text) => `${text}${bob}\n`,
    after: `${ada}\n${bob}\n`,
    told: 'what others have written since stays in',
  },
  {
    name: 'a key that a person has added to a file that the run has made',
    resources: key,
    path: keys,
    since: (text) => `${text}${bob}\n`,
    after: `${bob}\n`,
    told: 'what others have written since stays in',
  },
  {
    name: 'a key that a person has taken out',
    resources: key,
    path: keys,
    before: `${ada}\n${bob}\n`,
    since: (text) => text.replace(`${ada}\n`, ''),
    after: `${bob}\n`,
    told: 'what others have written since stays in',
  },
  {
    name: 'a key that the run has taken out',
    resources: key.replace(' }', ', ensure: absent }'),
    path: keys,
    before: `restrict ${ours}\n${ada}\n${ours}`,
    since: (text) => `${text}${bob}\n`,
    after: `${ada}\n${bob}\nrestrict ${ours}\n${ours}\n`,
    told: 'what others have written since stays in',
  },
  {
    name: 'what a program has noted',
    resources: settings,
    path: yaml,
    before: app,
    since: (text) => `${text}seen: 5\n`.replace('dark: no', 'dark: yes'),
    after: '# by hand\nmodel:\n  default: old # mine\nui: {dark: yes}\nseen: 5\nold: 1\n',
    told: 'what others have written since stays in',
  },
  {
    name: 'what a program has noted in a file that the run has made',
    resources: settings,
    path: yaml,
    since: (text) => `${text}seen: 5\n`,
    after: 'seen: 5\n',
    told: 'what others have written since stays in',
  },
  {
    name: 'what a program has noted beside two resources',
    resources: `${limits}\n${chain}`,
    path: yaml,
    before: 'model: {default: old, provider: auto}\n',
    since: (text) => `${text}seen: 5\n`,
    after: 'model: {default: old, provider: auto}\nseen: 5\n',
    told: 'what others have written since stays in',
  },
  {
    name: 'what the run has made, changed by somebody',
    resources: settings,
    path: yaml,
    before: app,
    since: (text) => text.replace('default: new', 'default: other'),
    after: app,
  },
  { name: 'nothing, where nobody has written', resources: settings, path: yaml, before: app, since: (text) => text, after: app },
  { name: 'no file, where nobody has written', resources: `${limits}\n${chain}`, path: yaml, since: (text) => text },
  {
    name: 'no file of the run that its program has only written anew',
    resources: `- { kind: config, path: /etc/app.json, set: { a.b: 1 } }`,
    path: 'etc/app.json',
    since: (text) => JSON.stringify(JSON.parse(text)),
  },
  {
    name: 'sections that were empty',
    resources: settings,
    path: yaml,
    before: 'limits:\nmodel: {}\n',
    since: (text) => `${text}seen: 5\n`,
    after: 'seen: 5\nmodel: {}\nlimits: null\n',
    told: 'what others have written since stays in',
  },
  {
    name: 'not what stands below a value that comes back',
    resources: settings,
    path: yaml,
    before: 'model: old\n',
    since: (text) => text.replace('default: new', 'default: new\n  api_key: mine'),
    after: 'model: old\n',
    told: 'was put back whole',
  },
  {
    name: 'not what is beside a value that cannot be written by keys',
    resources: `- { kind: config, path: /etc/app.env, set: { URL: x } }`,
    path: 'etc/app.env',
    before: 'URL=${BASE}/x\n',
    since: (text) => `${text}TOKEN=mine\n`,
    after: 'URL=${BASE}/x\n',
    told: 'was put back whole',
  },
  {
    name: 'not what cannot be read by keys any more',
    resources: settings,
    path: yaml,
    before: app,
    since: () => 'a: [1\n',
    after: app,
    told: 'was put back whole',
  },
  {
    name: 'what others have made of a file that was seeded once',
    resources: `- { kind: file, path: /${yaml}, content: "seed\\n", create_only: true }`,
    path: yaml,
    since: (text) => `${text}mine\n`,
    after: 'seed\nmine\n',
    told: 'what others have written since stays in',
  },
  {
    name: 'what others have written into a file that was seeded empty',
    resources: `- { kind: file, path: /${yaml}, content: "", create_only: true }`,
    path: yaml,
    since: () => 'mine\n',
    after: 'mine\n',
    told: 'what others have written since stays in',
  },
  {
    name: 'not a file that was seeded, and that nobody has touched',
    resources: `- { kind: file, path: /${yaml}, content: "seed\\n", create_only: true }`,
    path: yaml,
    since: (text) => text,
  },
  {
    name: 'not what stands in a file of the run alone',
    resources: `- { kind: file, path: /${yaml}, content: "a: 1\\n" }`,
    path: yaml,
    before: app,
    since: (text) => `${text}b: 2\n`,
    after: app,
  },
];

describe('a rollback by hand keeps', () => {
  it.each(cases)('$name', ({ resources, path, before, since, after, told }) => {
    using repository = makeRepository(resources);
    const file = join(repository.root, path);
    if (before !== undefined) writeBelow(repository.root, path, before);
    expect(repository.run().exit).toBe(0);
    writeFileSync(file, since(readFileSync(file, 'utf8')));

    const { exit, stdout } = repository.cli('rollback', '--root', repository.root);

    expect(exit).toBe(0);
    expect(existsSync(file) ? readFileSync(file, 'utf8') : undefined).toBe(after);
    const said = ['what others have written since stays in', 'was put back whole'].filter((words) => stdout.includes(words));
    expect(said).toEqual(told === undefined ? [] : [told]);
    if (told !== undefined) expect(stdout).toContain(`/${path}`);
  });

  it('what was written between several runs', () => {
    using repository = makeRepository(settings);
    const file = join(repository.root, yaml);
    writeBelow(repository.root, yaml, app);
    const { run } = repository.report();
    appendFileSync(file, 'seen: 5\n');
    repository.write('desired-state/site.yaml', site(settings.replace('new', 'newer')));
    expect(repository.run().exit).toBe(0);
    appendFileSync(file, 'later: 6\n');

    expect(repository.cli('rollback', '--root', repository.root, run).exit).toBe(0);

    expect(readFileSync(file, 'utf8')).toBe(
      '# by hand\nmodel:\n  default: old # mine\nui: {dark: no}\nseen: 5\nlater: 6\nold: 1\n',
    );
  });

  it.each([
    ['the mode that somebody has given it since', settings, 0o644, 0o600, 0o600],
    [
      'a mode that the run has given it, since others have trusted in that',
      settings.replace('set:', 'mode: "0600", set:'),
      0o644,
      0o600,
      0o600,
    ],
    [
      'no mode that the run has given it, where that was wider',
      settings.replace('set:', 'mode: "0644", set:'),
      0o600,
      0o644,
      0o600,
    ],
  ])('%s', (_what, resources, before, since, after) => {
    using repository = makeRepository(resources);
    const file = join(repository.root, yaml);
    writeBelow(repository.root, yaml, app);
    chmodSync(file, before);
    expect(repository.run().exit).toBe(0);
    appendFileSync(file, 'token: mine\n');
    chmodSync(file, since);

    const { stdout } = repository.cli('rollback', '--root', repository.root);

    expect(stdout).toContain('what others have written since stays in');
    expect(statSync(file).mode & 0o777).toBe(after);
  });

  it('nothing of a file that has become too large to be read, and ends all the same', () => {
    using repository = makeRepository(settings);
    const file = join(repository.root, yaml);
    writeBelow(repository.root, yaml, app);
    expect(repository.run().exit).toBe(0);
    truncateSync(file, 170 * 1024 * 1024);

    const { exit, stdout } = repository.cli('rollback', '--root', repository.root, 'latest');

    expect(exit).toBe(0);
    expect(stdout).toContain('was put back whole');
    expect(readFileSync(file, 'utf8')).toBe(app);
  });
});
