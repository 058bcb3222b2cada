import { build, transform, type BuildOptions, type Plugin } from 'esbuild';
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { buildCodeCache } from './build-code-cache.ts';

/**
 * Bundles the program into `dist/`: `lib/main.cjs` is one file with all that a converged run passes through, because every
 * file that must be found and read costs a fifth of a millisecond. The rest of `lib/` is loaded only by what needs it
 * (src/decisions/0001): for runs, one core (0073) and chunks around it; for commands, chunks of their own. All of it is CommonJS, since
 * only scripts can give their compiled code back after they ran (0075).
 */
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const shared: BuildOptions = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // Node has it; what esbuild makes of `using` in a loop throws the error of one round again in all later ones.
  supported: { using: true },
  outExtension: { '.js': '.cjs' },
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
  // What ssh2 would use if somebody had compiled it; without, Node's own cryptography does the same.
  external: ['cpu-features', '*.node'],
  define: { __VERSION__: JSON.stringify(version), __BUILD__: JSON.stringify(buildId()) },
};

/** Of all that the program is made of: the same for the same sources, wherever and whenever they are built. */
function buildId(): string {
  const hash = createHash('sha256');
  for (const name of ['package-lock.json', ...globSync('src/**/*.ts').toSorted()]) {
    const text = readFileSync(name);
    hash.update(`${name} ${text.length}\n`).update(text);
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * Takes Node's own modules without `import`, which asks each of them for all its exports and so loads what is behind them:
 * 32 ms for `node:http` (undici), 5 ms for `node:fs` and `node:util` together.
 */
const builtins: Plugin = {
  name: 'builtins',
  setup({ onResolve, onLoad }) {
    // One for each importer: shared, they would be chunks of their own.
    onResolve({ filter: /^node:/ }, ({ path, importer, kind }) =>
      // `require` wants the module itself, which may be a function.
      kind === 'require-call'
        ? { path, external: true }
        : { path: `${importer} ${path}`, namespace: 'builtin', pluginData: path, sideEffects: false },
    );
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ pluginData }) => {
      const path = String(pluginData);
      const taken = `/* @__PURE__ */ process.getBuiltinModule('${path}')`;
      const names = Object.keys(process.getBuiltinModule(path) ?? {}).filter((name) => /^[A-Za-z_]\w*$/.test(name));
      const taking = (name: string): string =>
        isCalled(path, name) ? `(...values) => take('${name}')(...values)` : `/* @__PURE__ */ take('${name}')`;
      const lines = names.map((name) => `export const ${name} = ${taking(name)};`);
      return {
        contents: `const take = (name) => process.getBuiltinModule('${path}')[name];\n${lines.join('\n')}\nexport default ${taken};`,
      };
    });
  },
};

/** What takes milliseconds to load, and most runs import without calling it. */
const heavy = new Set(['node:child_process', 'node:crypto', 'node:timers/promises']);
const isCalled = (path: string, name: string): boolean => heavy.has(path) && /^[a-z]/.test(name) && isFunction(path, name);
const isFunction = (path: string, name: string): boolean =>
  typeof (process.getBuiltinModule(path) as Readonly<Record<string, unknown>>)[name] === 'function';

const isRelative = { filter: /^\./ };
const nameOf = (source: string): string =>
  (isAbsolute(source) ? relative('src', source) : source).replaceAll('/', '-').replace(/\.ts$/, '');

/** What nearly every run needs that finds something to do. */
const usual = [
  'src/pipeline.ts',
  'src/run/converge.ts',
  ...['directory', 'file', 'link', 'tree'].map((kind) => `src/resources/types/${kind}.ts`),
];
/** With all that they import: source files by what they export. */
const core = await exportsOf(await importedBy(usual));
const coreNames = new Map([...core.keys()].map((source, index) => [source, `m${index}_`]));
const coreName = /\bm\d+_[\w$]+/g;
/** Those that are imported dynamically: their exports have their own names in the core. */
const named = new Set<string>();

async function importedBy(entryPoints: readonly string[]): Promise<readonly string[]> {
  const outside: Plugin = {
    name: 'outside',
    setup: ({ onResolve }) =>
      onResolve(isRelative, ({ kind, path }) => (kind === 'dynamic-import' ? { path, external: true } : undefined)),
  };
  const plugins = [outside, builtins];
  const { metafile } = await build({
    ...shared,
    entryPoints: [...entryPoints],
    plugins,
    metafile: true,
    write: false,
    outdir: '.',
  });
  return Object.keys(metafile.inputs).filter((path) => path.startsWith('src/'));
}

async function exportsOf(sources: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const { metafile } = await build({ format: 'esm', entryPoints: [...sources], metafile: true, write: false, outdir: '.' });
  return new Map(Object.values(metafile.outputs).map(({ entryPoint, exports }) => [resolve(entryPoint!), exports]));
}

/** What is imported dynamically from another bundle becomes an entry of its own in `dist/lib/`, or stands in the core. */
const lazyEntries: Record<string, string> = {};
const groupOf = (name: string): 'run' | 'commands' => (name.startsWith('cli-') ? 'commands' : 'run');
const lazyImports = (from: string): Plugin => ({
  name: 'lazy-imports',
  setup({ onResolve }) {
    onResolve({ filter: /.*/ }, ({ kind, path, resolveDir }) => {
      if (kind !== 'dynamic-import' || path.startsWith('node:')) return undefined;
      const source = path.startsWith('.') ? resolve(resolveDir, path) : path;
      if (core.has(source)) {
        named.add(source);
        return { path: `${from}run/core.cjs`, external: true };
      }
      const name = nameOf(source);
      lazyEntries[name] = source;
      return { path: `${from}${groupOf(name)}/${name}.cjs`, external: true };
    });
  },
});

/** The rest of a run takes what stands in the core from there: each module is there once. */
const coreModules: Plugin = {
  name: 'core-modules',
  setup({ onResolve, onLoad }) {
    onResolve(isRelative, ({ kind, path, resolveDir, namespace }) => {
      if (namespace === 'core') return { path, external: true };
      const source = resolve(resolveDir, path);
      if (!core.has(source)) return undefined;
      if (kind !== 'dynamic-import') return { path: source, namespace: 'core', sideEffects: false };
      named.add(source);
      return { path: './core.cjs', external: true };
    });
    onLoad({ filter: /.*/, namespace: 'core' }, ({ path }) => ({
      contents: `export {${core
        .get(path)!
        .map((name) => `${coreNames.get(path)}${name} as ${name}`)
        .join()}} from './core.cjs';`,
    }));
  },
};

rmSync('dist', { recursive: true, force: true });
await build({
  ...shared,
  entryPoints: { reconcile: 'src/start.ts', guard: 'src/guard.ts', deadman: 'src/deadman.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  plugins: [builtins],
});
await buildScripts({ entryPoints: { main: 'src/main.ts' }, outdir: 'dist/lib', plugins: [lazyImports('./'), builtins] });
// Twice: first for what it imports dynamically, and again when it is known what others import from it.
await buildCore();
const used = new Set<string>();
for (const group of ['run', 'commands'] as const) {
  const entryPoints = Object.fromEntries(Object.entries(lazyEntries).filter(([name]) => groupOf(name) === group));
  const plugins = group === 'run' ? [coreModules, builtins] : [builtins];
  const texts = await buildScripts({ entryPoints, outdir: `dist/lib/${group}`, plugins, splitting: true });
  for (const [name] of texts.join('\n').matchAll(coreName)) used.add(name);
}
await buildCore((name) => used.has(name));
buildCodeCache('dist/reconcile.mjs');

/** Each name that the core exports is defined in every run that loads it, so that it exports only what somebody wants. */
async function buildCore(isUsed: (name: string) => boolean = () => true): Promise<void> {
  const lines = [...core].flatMap(([source, names]) => [
    ...names
      .filter((name) => isUsed(`${coreNames.get(source)}${name}`))
      .map((name) => `export {${name} as ${coreNames.get(source)}${name}} from ${JSON.stringify(source)};`),
    ...(named.has(source) ? [`export {${names.join()}} from ${JSON.stringify(source)};`] : []),
  ]);
  const stdin = { contents: lines.join('\n'), resolveDir: '.' };
  await buildScripts({ stdin, outfile: 'dist/lib/run/core.cjs', outExtension: {}, plugins: [lazyImports('../'), builtins] });
}

/** Bundles as modules, which alone can be split, and makes scripts of them. Gives their texts. */
async function buildScripts(options: BuildOptions): Promise<readonly string[]> {
  const { outputFiles } = await build({ ...shared, ...options, write: false });
  return Promise.all(
    outputFiles.map(async ({ path, text }) => {
      // An `import()` in a script would ask Node's loader, and this is not a module that it knows.
      const supported = { ...shared.supported, 'dynamic-import': false };
      const { code } = await transform(text, { format: 'cjs', target: 'node24', minifyWhitespace: true, supported });
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, code);
      return code;
    }),
  );
}
