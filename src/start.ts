#!/usr/bin/env node
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { Script } from 'node:vm';

// What Node starts: loads `lib/main.cjs`, and what that asks for, with the code that V8 compiled for earlier runs. Node's own cache
// has a file as it is before anything of it ran, so that every run compiles anew what it calls (src/decisions/0075).

// Of an older one all that people would see is the program, as a syntax error.
if (Number.parseInt(process.version.slice(1), 10) < 24) {
  process.stderr.write(
    `reconcile: this is Node ${process.version}, and Node 24 or newer is needed\nhint: npm ci brings one: node_modules/.bin/node\n`,
  );
  process.exit(64);
}

// Before anything else: until somebody listens, SIGUSR1 opens Node's debugger, which asks nobody who he is. `--disable-sigusr1` would
// block the signal for good.
process.on('SIGUSR1', () => undefined);
// It means nothing here, and Node would end for it with everything half done.
process.on('SIGUSR2', () => undefined);
// Nobody else may write into what is made here, were it for the moment before it has its mode.
process.umask(process.umask() | 0o022);

/** A file of the program that was loaded, whose compiled code may be kept. */
interface Compiled {
  readonly script: Script;
  readonly source: Buffer;
  /** Where its compiled code is kept. */
  readonly place: string;
}

interface Module {
  exports: unknown;
}

type Body = (require: (name: string) => unknown, module: Module, file: string, directory: string) => void;

const head = '(function(require,module,__filename,__dirname){';
/** Bytes in front of compiled code: its length, and its seal. Behind it stands the text that it was made from. */
const headBytes = 16;
/** One word of so many makes the seal: what a power cut leaves undone is a sector of 128. */
const stride = 16;
const library = join(import.meta.dirname, 'lib');
/** As trusted as the program, beside which it is. */
const cache = join(import.meta.dirname, 'code-cache', `${process.version}-${process.arch}`);
const modules = new Map<string, Module>();
const compiled: Compiled[] = [];
/** Something was loaded whose compiled code is not kept, or not whole; in a build, whatever is loaded. */
let hasNew = process.env['RECONCILE_KEEP_CODE'] === '1';
/** With other flags V8 makes other code, and takes no other; that one, of the installed command, is none of V8's. */
const hasFlags = process.execArgv.some((flag) => flag !== '--inspect-publish-uid=stderr') || Boolean(process.env['NODE_OPTIONS']);
const isOff = hasFlags || process.env['NODE_DISABLE_COMPILE_CACHE'] === '1';

if (!isOff) process.once('exit', keepCompiled);
load(join(library, 'main.cjs'));

function load(file: string): unknown {
  const loaded = modules.get(file);
  if (loaded) return loaded.exports;
  const module: Module = { exports: {} };
  modules.set(file, module);
  const directory = dirname(file);
  const require = (name: string): unknown =>
    name.startsWith('.') ? load(resolve(directory, name)) : process.getBuiltinModule(name);
  try {
    (compile(file).runInThisContext() as Body)(require, module, file, directory);
  } catch (error) {
    // A system that has no files left to open may have some again: whoever asks then is not to get the half of it.
    modules.delete(file);
    throw error;
  }
  return module.exports;
}

function compile(file: string): Script {
  const source = readFileSync(file);
  const body = `${head}${source.toString()}\n})`;
  const options = { filename: file, columnOffset: -head.length };
  if (isOff) return new Script(body, options);
  const place = join(cache, `${relative(library, file).replaceAll('/', '-')}.code`);
  const cachedData = readKept(place, source);
  const script = new Script(body, { ...options, cachedData });
  hasNew ||= cachedData === undefined || script.cachedDataRejected === true;
  compiled.push({ script, source, place });
  return script;
}

/** V8 only compares the length of the text, and takes damaged code for good. */
function readKept(place: string, source: Buffer): Buffer | undefined {
  try {
    const kept = readFileSync(place);
    const code = kept.subarray(headBytes, headBytes + kept.readUInt32LE(0));
    const isWhole = headOf(code).equals(kept.subarray(0, headBytes));
    return isWhole && kept.subarray(headBytes + code.length).equals(source) ? code : undefined;
  } catch {
    return undefined;
  }
}

/** No digest: against malice it would not help, and what makes them takes Node longer to load than all else here. */
function headOf(code: Buffer): Buffer {
  const words = new Int32Array(code.buffer, code.byteOffset, code.length >> 2);
  let first = 0;
  let second = 0;
  for (let at = 0; at < words.length; at += stride) {
    first = Math.imul(first ^ words[at]!, 0x01000193);
    second = (Math.imul(second, 31) + words[at]!) | 0;
  }
  const head = Buffer.alloc(headBytes);
  head.writeUInt32LE(code.length, 0);
  head.writeInt32LE(first, 8);
  head.writeInt32LE(second, 12);
  return head;
}

function keepCompiled(): void {
  if (!hasNew) return;
  try {
    mkdirSync(cache, { recursive: true });
    // All of it, not only what is new: this run may have called more than those before.
    for (const { script, source, place } of compiled) {
      const code = script.createCachedData();
      writeFileSync(`${place}.new`, Buffer.concat([headOf(code), code, source]));
      renameSync(`${place}.new`, place);
    }
  } catch {
    // A place where nothing can be written works without.
  }
}
