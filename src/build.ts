import { build, type BuildOptions, type Plugin } from 'esbuild';
import { readFileSync, rmSync } from 'node:fs';
import { relative, resolve } from 'node:path';

/**
 * Bundles the program into `dist/`: the entry is one file with all that a converged run passes through, because every
 * file that Node must find and read costs it half a millisecond; the rest stands in `dist/lib/`, in chunks that are loaded
 * only by what needs them (src/decisions/0001).
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
  define: { __VERSION__: JSON.stringify(version) },
  // CommonJS packages call `require` for Node's own modules, and for nothing else.
  banner: { js: 'const require=(name)=>process.getBuiltinModule(name);' },
};

/** What the entry imports dynamically becomes an entry of its own in `dist/lib/`. */
const lazyEntries: Record<string, string> = {};
const lazyImports: Plugin = {
  name: 'lazy-imports',
  setup({ onResolve }) {
    onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
      if (kind !== 'dynamic-import') return undefined;
      const source = resolve(resolveDir, path);
      const name = relative('src', source).replaceAll('/', '-').replace(/\.ts$/, '');
      lazyEntries[name] = source;
      return { path: `./lib/${name}.mjs`, external: true };
    });
  },
};

rmSync('dist', { recursive: true, force: true });
await build({ ...shared, banner: {}, entryPoints: { reconcile: 'src/main.ts' }, outdir: 'dist', plugins: [lazyImports] });
await build({ ...shared, entryPoints: lazyEntries, outdir: 'dist/lib', splitting: true });
