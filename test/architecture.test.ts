import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path/posix';
import { describe, expect, it } from 'vitest';
import { problemTable } from '../src/model/problem.ts';
import { kindNames, loadResourceTypes } from '../src/resources/registry.ts';

/** Folder or file of `src/` → what it may import besides itself. A rule that nothing uses is an error too. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  model: [],
  host: ['model', 'source'],
  source: ['model', 'state'],
  inventory: ['model'],
  resources: ['model', 'host'],
  compile: ['model', 'inventory', 'resources'],
  plan: ['model', 'host', 'resources'],
  policy: ['model'],
  state: ['model', 'host'],
  apply: ['model', 'host', 'plan', 'resources', 'state'],
  report: ['model', 'resources'],
  notify: ['model', 'report', 'host', 'source/private-file.ts'],
  confirm: ['model', 'host', 'source/write-atomically.ts', 'state'],
  install: ['model', 'source', 'state/durable-file.ts'],
  gitea: ['model', 'report', 'source/private-file.ts'],
  deadman: ['model', 'host', 'source', 'state', 'report', 'notify'],
  run: ['model', 'source', 'inventory', 'compile', 'plan', 'policy', 'apply', 'report', 'host', 'resources', 'state', 'confirm'],
  operations: [
    'confirm',
    'model',
    'source',
    'inventory',
    'compile',
    'plan',
    'apply',
    'report',
    'host',
    'resources',
    'state',
    'run',
    'reconcile.ts',
  ],
  agent: [
    'model',
    'inventory',
    'report',
    'source',
    'state',
    'host',
    'resources',
    'run',
    'reconcile.ts',
    'gitea',
    'notify',
    'install',
    'operations',
  ],
  fleet: ['model', 'inventory', 'compile', 'source', 'report', 'host', 'state', 'install'],
  cli: ['*'],
};

/** Each npm package has its doors; whoever else needs it goes through them. */
const doors: Readonly<Record<string, readonly string[]>> = {
  'age-encryption': ['inventory/age.ts'],
  ajv: ['compile/role-parameters.ts', 'compile/role-schema.ts'],
  'ajv-formats': ['compile/role-schema.ts'],
  chokidar: ['agent/watch.ts'],
  commander: ['cli'],
  croner: ['policy/windows.ts', 'notify/digest-times.ts'],
  diff: ['report/unified-diff.ts'],
  esbuild: ['build.ts'],
  fastify: ['agent/doors'],
  ini: ['resources/formats'],
  'node-ssh': ['fleet/ssh'],
  nunjucks: ['compile'],
  picomatch: ['model/glob.ts'],
  pino: ['agent/log.ts'],
  'prom-client': ['agent/doors'],
  'simple-git': ['source/local-git.ts'],
  'smol-toml': ['resources/formats'],
  ssh2: ['fleet/ssh'],
  yaml: ['source', 'compile', 'resources/formats'],
  zod: ['agent/doors', 'model', 'resources', 'source', 'report', 'compile', 'gitea', 'fleet', 'cli/fleet-plan-file.ts'],
};

/** No clock, no files, no processes, no chance; the one clock only ends what runs too long. */
const pure = ['model', 'inventory', 'compile', 'policy', 'plan'];
const clock = 'model/monotonic.ts';
const watchdog = 'model/time-limit.ts';
const impure = /^node:(fs|child_process|os|net|http|timers)/;

/** Who may open the mutating half of the host, or name it. */
const mayMutate = [
  'apply',
  'host',
  'resources',
  'run/converge.ts',
  'run/recover.ts',
  'run/refresh-refused.ts',
  'operations/roll-back-runs.ts',
];

interface Import {
  readonly file: string;
  readonly target: string;
}

const files = globSync('src/**/*.ts')
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => !file.endsWith('.d.ts'));
const text = new Map(files.map((file) => [relative('src', file), readFileSync(file, 'utf8')]));
const imports: Import[] = [...text].flatMap(([file, source]) => {
  const found = [...source.matchAll(/^(?:import|export)\s[^;]*?from '([^']+)';|^import '([^']+)';|\bimport\('([^']+)'\)/gms)];
  return found.map((match) => {
    const name = match[1] ?? match[2] ?? match[3] ?? '';
    return { file, target: name.startsWith('.') ? join(dirname(file), name) : name };
  });
});
/** By path from `src/`, as all the others. */
const tests = new Map(globSync('test/**/*.ts').map((file) => [`../${file}`, readFileSync(file, 'utf8')]));
const isLocal = ({ target }: Import): boolean => text.has(target);
const isWithin = (file: string, place: string): boolean => file === place || file.startsWith(`${place}/`);
const packageOf = (target: string): string =>
  target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');

describe('the architecture', () => {
  it('is looked at', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(imports.length).toBeGreaterThan(200);
  });

  it('imports point one way', () => {
    const wrong = imports.filter(isLocal).filter(({ file, target }) => {
      const place = file.split('/')[0] as string;
      if (!file.includes('/')) return false;
      const allowed = mayImport[place];
      return !isWithin(target, place) && !allowed?.some((each) => each === '*' || isWithin(target, each));
    });
    expect(wrong).toEqual([]);
  });

  it('no import rule is stale', () => {
    const stale = Object.entries(mayImport).flatMap(([place, allowed]) =>
      allowed
        .filter((each) => each !== '*' && !imports.some(({ file, target }) => isWithin(file, place) && isWithin(target, each)))
        .map((each) => `${place} → ${each}`),
    );
    expect(stale).toEqual([]);
  });

  it('no file imports itself in a circle', () => {
    const next = new Map(files.map((file) => [relative('src', file), [] as string[]]));
    for (const { file, target } of imports.filter(isLocal)) next.get(file)?.push(target);
    // Types may refer to each other; what is loaded may not.
    const values = new Map(
      [...text].map(([file, source]) => [file, (next.get(file) ?? []).filter((target) => loads(source, file, target))]),
    );
    expect(findCircle(values)).toEqual([]);
  });

  it('every npm package has its doors, and every dependency is used', () => {
    const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> };
    const outside = imports.filter((each) => !isLocal(each) && !each.target.startsWith('node:') && !each.target.startsWith('.'));
    const wrong = outside.filter(({ file, target }) => !doors[packageOf(target)]?.some((door) => isWithin(file, door)));
    const unused = Object.keys(dependencies).filter((name) => !outside.some(({ target }) => packageOf(target) === name));
    const stale = Object.entries(doors).flatMap(([name, places]) =>
      places
        .filter((place) => !outside.some(({ file, target }) => packageOf(target) === name && isWithin(file, place)))
        .map((place) => `${name}: ${place}`),
    );
    expect({ wrong, unused, stale }).toEqual({ wrong: [], unused: [], stale: [] });
  });

  it('pure stages have no clock, no files, no processes and no chance', () => {
    const isImpure = ({ file, target }: Import): boolean => impure.test(target) || (target === clock && file !== watchdog);
    const wrong = imports.filter((each) => pure.some((place) => isWithin(each.file, place)) && isImpure(each));
    const clocks = [...text]
      .filter(
        ([file, source]) =>
          file !== clock &&
          pure.some((place) => isWithin(file, place)) &&
          /\bDate\.now\(|\bnew Date\(\)|\bperformance\.|\bMath\.random\(|\brandom(?:Bytes|UUID)\b|\bprocess\.(?!getBuiltinModule)/.test(
            source,
          ),
      )
      .map(([file]) => file);
    expect({ wrong, clocks }).toEqual({ wrong: [], clocks: [] });
  });

  it('only apply and the kinds hold a Host that can change something', () => {
    const mutating = /\b(?:Host|LocalHost|openLocalHost)\b/;
    const wrong = [...text].filter(([file, source]) => {
      const named = [...source.matchAll(/^import (?:type )?\{([^}]*)\} from '[^']*host\/(?:local-)?host\.ts';/gm)].some((match) =>
        mutating.test(match[1] ?? ''),
      );
      return named && !mayMutate.some((place) => isWithin(file, place));
    });
    expect(wrong.map(([file]) => file)).toEqual([]);
  });

  it('nothing is exported that no other file imports, nor only for tests', () => {
    const takers = new Map<string, Set<string>>();
    for (const [file, source] of [...text, ...tests])
      for (const name of namesTaken(file, source)) takers.set(name, (takers.get(name) ?? new Set()).add(file));
    const idle = [...text].flatMap(([file, source]) =>
      [...source.matchAll(/^export (?:async )?(?:function\*?|const|class|interface|type) (\w+)/gm)].flatMap(([, name = '']) => {
        const files = [...(takers.get(`${file}#${name}`) ?? []), ...(takers.get(`${file}#*`) ?? [])];
        const isUsedHere = source.match(new RegExp(`\\b${name}\\b`, 'g'))!.length > 1;
        const isUsed = files.some((taker) => text.has(taker)) || (isUsedHere && files.length > 0);
        return isUsed ? [] : [`${file}: ${name}`];
      }),
    );
    expect(idle).toEqual([]);
  });

  it('every kind is registered and has its test', async () => {
    const kinds = [...text.keys()].flatMap((file) => /^resources\/types\/(.+)\.ts$/.exec(file)?.[1] ?? []);
    const untested = kinds.filter((kind) => !tests.has(`../test/resources/${kind}.test.ts`));

    expect(kinds.map((kind) => kind.replaceAll('-', '_')).sort()).toEqual(kindNames.toSorted());
    expect((await loadResourceTypes()).map(({ kind }) => kind)).toEqual(kindNames);
    expect(untested).toEqual([]);
  });

  it('every problem code is reported by something', () => {
    const sources = [...text].filter(([file]) => file !== 'model/problem.ts').map(([, source]) => source);
    const idle = Object.keys(problemTable).filter((code) => !sources.some((source) => source.includes(`'${code}'`)));
    expect(idle).toEqual([]);
  });

  it('every problem code is expected by a test', () => {
    const isExpected = (code: string): boolean =>
      [...tests].some(([file, source]) => !file.includes('architecture') && new RegExp(`['" [¦]${code}['" \\]]`).test(source));
    expect(Object.keys(problemTable).filter((code) => !isExpected(code))).toEqual([]);
  });

  it('no file has more than 300 lines', () => {
    const long = [...text, ...tests]
      .map(([file, source]) => ({ file, lines: source.split('\n').length - 1 }))
      .filter(({ lines }) => lines > 300);
    expect(long).toEqual([]);
  });
});

function loads(source: string, file: string, target: string): boolean {
  const statements = [...source.matchAll(/^(import|export)\s(type\s)?([^;]*?)from '([^']+)';/gms)];
  return statements.some(([, , type, , name]) => !type && join(dirname(file), name as string) === target);
}

/** What a file takes from others, as `file#name`; of a module that is taken as a whole `file#*`. */
function namesTaken(file: string, source: string): string[] {
  const located = (path: string): string => relative('src', join('src', dirname(file), path));
  const whole = [...source.matchAll(/import\('(\.[^']+)'\)|import (?:type )?\* as \w+ from '(\.[^']+)'/g)];
  const lists = [...source.matchAll(/^(?:import|export) (?:type )?\{([^}]*)\} from '(\.[^']+)';/gm)];
  return [
    ...whole.map(([, lazy, star]) => `${located(lazy ?? star ?? '')}#*`),
    ...lists.flatMap(([, list = '', path = '']) =>
      list.split(',').map((name) => `${located(path)}#${name.trim().replace(/^type |\s+as .*/gs, '')}`),
    ),
  ];
}

function findCircle(next: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const target of next.get(file) ?? []) {
      const circle = visit(target, [...path, file]);
      if (circle.length > 0) return circle;
    }
    done.add(file);
    return [];
  };
  for (const file of next.keys()) {
    const circle = visit(file, []);
    if (circle.length > 0) return circle;
  }
  return [];
}
