import { readFileSync, statSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { ExitError } from '../../model/exit-error.ts';
import { packOnce, type Packed } from './pack-once.ts';

/** `uname -m` of the machines on which a program for Linux runs that this sends. */
type Machine = 'x86_64' | 'aarch64';

/** A Node for one kind of machine, packed. */
export interface Runtime {
  readonly machine: Machine;
  /** Of its directory on a host: `24.11.0-0a1b2c3d4e5f`. */
  readonly name: string;
  readonly version: string;
  /** Of the program itself, in hexadecimal. */
  readonly sha256: string;
  /** Bytes of the program itself. */
  readonly size: number;
  readonly packed: Packed;
}

/** Bytes. */
const largest = 512 * 1024 * 1024;
/** Oldest major version that the program runs on. */
const oldest = 24;
/** `e_machine` of ELF. */
const machines: Readonly<Record<number, Machine>> = { 0x3e: 'x86_64', 0xb7: 'aarch64' };

const hint = 'download Node 24 for Linux from nodejs.org, unpack it and name its bin/node with --node';

/**
 * Packs a Node into the cache. `version` where it is known; else it is looked for in the program, which may be for another kind of
 * machine than this one and so cannot be asked. Throws an `ExitError` for what is no Node for Linux.
 */
export async function packRuntime(file: string, cache: string, version?: string): Promise<Runtime> {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) throw new ExitError('usage', `no such file: ${file}`, hint);
  if (!stat.isFile() || stat.size > largest) throw new ExitError('usage', `${file} is no Node: it is no file of that size`, hint);
  const bytes = readFileSync(file);
  const machine = machineOf(bytes);
  if (!machine) throw new ExitError('usage', `${file} is no program for Linux on x86_64 or arm64`, hint);
  const found = version ?? versionIn(bytes);
  if (found === undefined) throw new ExitError('usage', `${file} does not say which Node it is`, hint);
  if (Number(found.split('.')[0]) < oldest)
    throw new ExitError('usage', `${file} is Node ${found}; Node ${oldest} or newer is needed`, hint);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const name = `${found}-${sha256.slice(0, 12)}`;
  return { machine, name, version: found, sha256, size: bytes.length, packed: await packOnce(cache, `node-${name}`, bytes) };
}

/** 64 bits, least byte first; undefined for everything else. */
function machineOf(bytes: Buffer): Machine | undefined {
  const isElf = bytes.length > 64 && bytes.readUInt32BE(0) === 0x7f454c46 && bytes[4] === 2 && bytes[5] === 1;
  return isElf ? machines[bytes.readUInt16LE(18)] : undefined;
}

/** Node carries the address of its own source. */
function versionIn(bytes: Buffer): string | undefined {
  const at = bytes.indexOf('/download/release/v');
  return at < 0 ? undefined : /^\/download\/release\/v(\d+\.\d+\.\d+)\//.exec(bytes.toString('latin1', at, at + 64))?.[1];
}
