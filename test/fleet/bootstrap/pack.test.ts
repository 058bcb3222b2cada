import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { packProgram } from '../../../src/fleet/bootstrap/pack-program.ts';
import { packRuntime } from '../../../src/fleet/bootstrap/pack-runtime.ts';
import { makeTar } from '../../../src/fleet/bootstrap/tar.ts';
import { versionId } from '../../../src/install/library.ts';
import { sha256 } from '../../../src/model/json.ts';
import { program } from '../../support/run-cli.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** The beginning of a program for 64 bits, least byte first, and some text in it. */
function elf(machine: number, text: string): Buffer {
  const head = Buffer.alloc(64);
  head.write('\x7fELF\x02\x01', 'latin1');
  head.writeUInt16LE(machine, 18);
  return Buffer.concat([head, Buffer.from(text)]);
}
const release = (version: string): string => `..https://nodejs.org/download/release/v${version}/node-v${version}.tar.gz..`;

describe('the archive', () => {
  it('is one that tar unpacks to the same bytes', () => {
    using directory = temporaryDirectory();
    const entries = [0, 1, 511, 512, 513, 100_000].map((size) => ({
      name: `lib/of-${size}.mjs`,
      content: Buffer.alloc(size, `${size};`),
    }));
    execFileSync('tar', ['-x', '-C', directory.path], { input: makeTar(entries) });

    expect(readdirSync(join(directory.path, 'lib'))).toHaveLength(entries.length);
    for (const { name, content } of entries) expect(readFileSync(join(directory.path, name)).equals(content)).toBe(true);
    expect(makeTar(entries).equals(makeTar(entries))).toBe(true);
    expect(() => makeTar([{ name: 'x'.repeat(101), content: Buffer.alloc(0) }])).toThrow('too long a name');
  });

  it('of a program holds all of its files, is made once and has the id of the version', async () => {
    using directory = temporaryDirectory();
    const [cache, out] = [join(directory.path, 'cache'), join(directory.path, 'out')];
    const bundle = join(directory.path, 'bundle');
    // What other tests run may add compiled code to it.
    cpSync(dirname(program), bundle, { recursive: true });
    const packed = await packProgram(bundle, '1.2.3', cache);
    mkdirSync(out);
    execFileSync('tar', ['-xz', '-C', out, '-f', packed.packed.path]);
    const before = statSync(packed.packed.path).mtimeMs;

    expect(versionId(out, '1.2.3')).toBe(packed.id);
    expect(packed.id).toMatch(/^1\.2\.3-[0-9a-f]{12}$/);
    expect(await packProgram(bundle, '1.2.3', cache)).toEqual(packed);
    expect(statSync(packed.packed.path)).toMatchObject({ mtimeMs: before, size: packed.packed.size });
    expect(statSync(packed.packed.path).mode & 0o777).toBe(0o600);
    expect(readdirSync(cache)).toEqual([`program-${packed.id}.tar.gz`]);
  });
});

describe('a runtime', () => {
  it('is packed with its machine, its version and its digest, whatever machine this is', async () => {
    using directory = temporaryDirectory();
    const file = join(directory.path, 'node');
    const bytes = elf(0xb7, release('24.11.1'));
    writeFileSync(file, bytes);
    const packed = await packRuntime(file, join(directory.path, 'cache'));

    const digest = sha256(bytes);
    expect(packed).toMatchObject({ machine: 'aarch64', version: '24.11.1', sha256: digest, size: bytes.length });
    expect(packed.name).toBe(`24.11.1-${digest.slice(0, 12)}`);
    expect(gunzipSync(readFileSync(packed.packed.path)).equals(bytes)).toBe(true);
  });

  it.each([
    ['another kind of machine', elf(0x03, release('24.11.1')), 'no program for Linux on x86_64 or arm64'],
    ['a script', Buffer.from('#!/bin/sh\nexec node "$@"\n'), 'no program for Linux'],
    ['a program that is no Node', elf(0x3e, 'hello'), 'does not say which Node it is'],
    ['a Node that is too old', elf(0x3e, release('22.1.0')), 'is Node 22.1.0; Node 24 or newer is needed'],
  ])('is refused when it is %s', async (_what, bytes, message) => {
    using directory = temporaryDirectory();
    const file = join(directory.path, 'node');
    writeFileSync(file, bytes);

    await expect(packRuntime(file, join(directory.path, 'cache'))).rejects.toMatchObject({
      message: expect.stringContaining(message),
      hint: expect.stringContaining('nodejs.org'),
    });
  });

  it('is refused when there is none', async () => {
    await expect(packRuntime('/nonexistent/node', '/nonexistent/cache')).rejects.toThrow('no such file: /nonexistent/node');
  });
});
