import { build, type BuildOptions, type Plugin } from 'esbuild';
import { readFileSync, rmSync } from 'node:fs';
import { relative, resolve } from 'node:path';

/**
 * Bundles the program into `dist/`: the entry is one file with all that a converged run passes through, because every
 * file that Node must find and read costs it half a millisecond. The rest stands in `dist/lib/`, in chunks that are loaded
 * only by what needs them (src/decisions/0001): those of a run by themselves, for what is shared by many is cut into many.
 */
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const shared: BuildOptions = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  outExtension: { '.js': '.mjs' },
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
  // What ssh2 would use if somebody had compiled it; without, Node's own cryptography does the same.
  external: ['cpu-features', '*.node'],
  define: { __VERSION__: JSON.stringify(version) },
  // CommonJS packages call `require` for Node's own modules, and for nothing else; some ask where they stand.
  banner: { js: 'const require=(name)=>process.getBuiltinModule(name);const __dirname=import.meta.dirname;' },
};

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
      const lines = names.map((name) => `export const ${name} = /* @__PURE__ */ take('${name}');`);
      return {
        contents: `const take = (name) => process.getBuiltinModule('${path}')[name];\n${lines.join('\n')}\nexport default ${taken};`,
      };
    });
  },
};

/** What the entry imports dynamically becomes an entry of its own in `dist/lib/`. */
const lazyEntries: Record<string, string> = {};
const groupOf = (name: string): 'run' | 'commands' => (name.startsWith('cli-') ? 'commands' : 'run');
const lazyImports: Plugin = {
  name: 'lazy-imports',
  setup({ onResolve }) {
    onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
      if (kind !== 'dynamic-import') return undefined;
      const source = resolve(resolveDir, path);
      const name = relative('src', source).replaceAll('/', '-').replace(/\.ts$/, '');
      lazyEntries[name] = source;
      return { path: `./lib/${groupOf(name)}/${name}.mjs`, external: true };
    });
  },
};

rmSync('dist', { recursive: true, force: true });
await build({
  ...shared,
  banner: {},
  entryPoints: { reconcile: 'src/main.ts', guard: 'src/guard.ts', deadman: 'src/deadman.ts' },
  outdir: 'dist',
  plugins: [lazyImports, builtins],
});
for (const group of ['run', 'commands'] as const) {
  const entryPoints = Object.fromEntries(Object.entries(lazyEntries).filter(([name]) => groupOf(name) === group));
  await build({ ...shared, entryPoints, outdir: `dist/lib/${group}`, plugins: [builtins], splitting: true });
}
