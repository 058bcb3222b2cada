#!/usr/bin/env node
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { Script } from 'node:vm';

// What Node starts: loads `lib/main.cjs`, and what that asks for, with the code that V8 compiled for earlier runs. Node's own cache
// has a file as it is before anything of it ran, so that every run compiles anew what it calls (src/decisions/0075).

/** A file of the program that was loaded. */
interface Chunk {
  readonly module: { exports: unknown };
  /** Digest of its text. */
  readonly text: Buffer;
  readonly script: Script;
  /** Where its compiled code is kept. */
  readonly place: string;
}

type Body = (require: (name: string) => unknown, module: Chunk['module'], file: string, directory: string) => void;

const head = '(function(require,module,__filename,__dirname){';
const digestBytes = 32;
const library = join(import.meta.dirname, 'lib');
/** As trusted as the program, beside which it is. */
const cache = join(import.meta.dirname, 'code-cache', `${process.version}-${process.arch}`);
const chunks = new Map<string, Chunk>();
/** Something was loaded whose compiled code is not kept, or not whole; in a build, whatever is loaded. */
let hasNew = process.env['RECONCILE_KEEP_CODE'] === '1';
/** With other flags V8 makes other code, and takes no other. */
const hasFlags = process.execArgv.length > 0 || Boolean(process.env['NODE_OPTIONS']);
const isOff = hasFlags || process.env['NODE_DISABLE_COMPILE_CACHE'] === '1';

load(join(library, 'main.cjs'));

function load(file: string): unknown {
  const loaded = chunks.get(file);
  if (loaded) return loaded.module.exports;
  const source = readFileSync(file);
  const place = join(cache, `${relative(library, file).replaceAll('/', '-')}.code`);
  const text = digest(source);
  const cachedData = readKept(place, text);
  const script = new Script(`${head}${source.toString()}\n})`, { filename: file, columnOffset: -head.length, cachedData });
  hasNew ||= cachedData === undefined || script.cachedDataRejected === true;
  const module = { exports: {} as unknown };
  chunks.set(file, { module, text, script, place });
  const directory = dirname(file);
  const require = (name: string): unknown =>
    name.startsWith('.') ? load(resolve(directory, name)) : process.getBuiltinModule(name);
  (script.runInThisContext() as Body)(require, module, file, directory);
  return module.exports;
}

/** The seal is over the text too: V8 only compares its length, and takes damaged code for good. */
function readKept(place: string, text: Buffer): Buffer | undefined {
  if (isOff) return undefined;
  try {
    const kept = readFileSync(place);
    const code = kept.subarray(digestBytes);
    return digest(text, code).equals(kept.subarray(0, digestBytes)) ? code : undefined;
  } catch {
    return undefined;
  }
}

function digest(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

process.once('exit', () => {
  if (!hasNew || isOff) return;
  try {
    mkdirSync(cache, { recursive: true });
    // All of it, not only what is new: this run may have called more than those before.
    for (const { place, text, script } of chunks.values()) {
      const code = script.createCachedData();
      writeFileSync(`${place}.new`, Buffer.concat([digest(text, code), code]));
      renameSync(`${place}.new`, place);
    }
  } catch {
    // A place where nothing can be written works without.
  }
});
