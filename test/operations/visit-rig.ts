import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { visitProtocol, type Greeting, type Order, type VisitEvent } from '../../src/model/visit.ts';
import { openFollowRig, type FollowRig } from '../source/git/follow-rig.ts';
import { site } from '../support/repository.ts';
import { program } from '../support/run-cli.ts';

/** What a host said, all of it. */
export interface Answer {
  readonly exit: number | null;
  readonly greeting: Greeting | undefined;
  readonly events: readonly VisitEvent[];
  /** The last word. */
  readonly last: VisitEvent;
  readonly stderr: string;
}

interface Sent {
  /** Parts of the order that are not as usual. */
  readonly order?: Partial<Record<keyof Order, unknown>>;
  /** Bytes in place of the bundle. */
  readonly bundle?: Buffer;
  /** Called with every line, greeting included, and the process. */
  readonly onLine?: (said: Greeting | VisitEvent, child: ChildProcess) => void;
}

/** A repository, and a host of it that is visited: `box`, which may change what is below `base`. */
export interface VisitRig extends Disposable {
  readonly git: FollowRig['git'];
  readonly path: string;
  readonly state: string;
  readonly base: string;
  readonly environment: Readonly<Record<string, string>>;
  policy(policy: object): void;
  /** Commits these files and a motd that says `text`. */
  commit(text: string, more?: string, files?: Readonly<Record<string, string>>): string;
  motd(): string | undefined;
  /** A bundle of a commit, without what these have. */
  bundle(commit: string, without?: readonly string[]): Buffer;
  /** Says what an operator would say, with a bundle of what the host lacks. */
  visit(action: Order['action'], commit: string, sent?: Sent): Promise<Answer>;
  /** Sends these bytes. */
  send(bytes: Buffer): Promise<Answer>;
  /** All that decides what this host trusts, applies and enforces. */
  remembered(): unknown;
  /** What is left of visits. */
  leftovers(): readonly string[];
}

export function openVisitRig(): VisitRig {
  const rig = openFollowRig();
  const [base, state, policyFile] = ['host', 'visited', 'host.yaml'].map((name) => join(rig.path, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(base);
  const environment = { RECONCILE_HOST_POLICY: policyFile, RECONCILE_STATE_DIR: state };
  const policy = (more: object): void => writeFileSync(policyFile, JSON.stringify({ host: 'box', ...more }), { mode: 0o600 });
  policy({});
  const bundle: VisitRig['bundle'] = (commit, without = []) => {
    rig.git('branch', '--force', 'sent', commit);
    const file = join(rig.path, 'sent.bundle');
    rig.git('bundle', 'create', '--quiet', file, 'sent', ...without.map((each) => `^${each}`));
    return readFileSync(file);
  };
  const converse = async (compose: (greeting: Greeting | undefined) => Buffer, onLine?: Sent['onLine']): Promise<Answer> => {
    const child = spawn(process.execPath, [program, 'receive'], {
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.on('error', () => {});
    let greeting: Greeting | undefined;
    const events: VisitEvent[] = [];
    const stderr = text(child.stderr);
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = JSON.parse(line) as Greeting | VisitEvent;
      onLine?.(said, child);
      if (said.type !== 'greeting') return void events.push(said);
      greeting = said;
      // Who was told to end meanwhile gets no order any more.
      if (!child.killed) child.stdin.end(compose(greeting));
    });
    const [exit] = (await once(child, 'close')) as [number | null];
    return { exit, greeting, events, last: events.at(-1)!, stderr: await stderr };
  };
  return {
    git: rig.git,
    path: rig.path,
    state,
    base,
    environment,
    policy,
    commit: (words, more = '', files = {}) =>
      rig.commit({
        'inventory/hosts.yml': `all:\n  vars: { base: ${base} }\n  hosts:\n    box:\n    ezra:\n`,
        'desired-state/site.yaml': site(`- { kind: file, path: "{{ base }}/motd", content: "${words}\\n" }\n${more}`),
        ...files,
      }),
    motd() {
      try {
        return readFileSync(join(base, 'motd'), 'utf8').trim();
      } catch {
        return undefined;
      }
    },
    bundle,
    visit: (action, commit, { order = {}, bundle: given, onLine } = {}) =>
      converse((greeting) => {
        const known = greeting?.commits ?? [];
        const bytes = given ?? (known.includes(commit) ? Buffer.of() : bundleOf(rig, bundle, commit, known));
        const asked = { protocol: visitProtocol, action, host: 'box', commit, branch: 'main', bundle: bytes.length };
        return Buffer.concat([Buffer.from(`${JSON.stringify({ ...asked, tags: [], paranoid: false, ...order })}\n`), bytes]);
      }, onLine),
    send: (bytes) => converse(() => bytes),
    remembered: () => ({
      memory: memoryOf(state),
      refs: filesBelow(join(state, 'mirror/refs')).map(([name, bytes]) => [name, bytes.toString()]),
      objects: filesBelow(join(state, 'mirror/objects')).map(([name]) => name),
      revisions: filesBelow(join(state, 'revisions')).map(([name]) => name),
      converged: filesBelow(state)
        .find(([name]) => name === 'converged')?.[1]
        .toString('latin1'),
    }),
    leftovers: () => readdirSync(join(state, 'visits')),
    [Symbol.dispose]: () => rig[Symbol.dispose](),
  };
}

/** Empty where there is nothing that the host lacks, as for an older commit. */
function bundleOf(rig: FollowRig, bundle: VisitRig['bundle'], commit: string, known: readonly string[]): Buffer {
  const lacking = rig.git('rev-list', commit, ...known.map((each) => `^${each}`));
  return lacking === '' ? Buffer.of() : bundle(commit, known);
}

function memoryOf(state: string): unknown {
  const database = new DatabaseSync(join(state, 'agent.db'), { readOnly: true });
  try {
    return database.prepare('SELECT * FROM memory ORDER BY part, name').all();
  } finally {
    database.close();
  }
}

function filesBelow(directory: string): readonly (readonly [name: string, bytes: Buffer])[] {
  const found = execFileSync('find', [directory, '-type', 'f', '-printf', '%P\\n'], { encoding: 'utf8', stdio: 'pipe' });
  return found
    .split('\n')
    .filter((name) => name !== '' && !name.endsWith('.db') && !name.endsWith('-journal'))
    .sort()
    .map((name) => [name, readFileSync(join(directory, name))]);
}
