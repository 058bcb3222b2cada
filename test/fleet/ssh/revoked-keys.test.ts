import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readRevokedKeys } from '../../../src/fleet/ssh/revoked-keys.ts';
import { makePublicKey } from '../../support/public-key.ts';
import { whyNoSsh } from '../../support/ssh-server.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const keys = [1, 2, 3].map((number) => makePublicKey(number).trim());
const bytesOf = (key: string): Buffer => Buffer.from(key.split(' ')[1]!, 'base64');

it('a list of keys has those that stand in it', () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, 'revoked');
  writeFileSync(file, `# lost in spring\n\n  ${keys[0]}\nssh-rsa ${keys[1]!.split(' ')[1]}\nno key\n${keys[2]}`);
  const revoked = readRevokedKeys(file);

  expect(keys.map((key) => revoked.has(bytesOf(key)))).toEqual([true, false, true]);
});

it.skipIf(whyNoSsh !== undefined).each(['', 'key: ', 'sha1: ', 'sha256: '])(
  'what ssh-keygen -k makes of %j has the keys that ssh-keygen finds in it, and nothing when it is cut off or more than is known',
  (form) => {
    using directory = temporaryDirectory();
    const [list, specification] = [join(directory.path, 'list'), join(directory.path, 'specification')];
    const files = keys.map((key, index) => {
      const file = join(directory.path, `${index}.pub`);
      writeFileSync(file, `${key}\n`);
      return file;
    });
    writeFileSync(specification, `${form}${keys[0]}\n${form}${keys[2]}\n`);
    execFileSync('ssh-keygen', ['-q', '-k', '-f', list, specification]);
    const revoked = readRevokedKeys(list);

    expect(keys.map((key) => revoked.has(bytesOf(key)))).toEqual([true, false, true]);
    expect(files.map((file) => spawnSync('ssh-keygen', ['-Q', '-f', list, file]).status)).toEqual([1, 0, 1]);

    truncateSync(list, readFileSync(list).length - 3);
    expect(() => readRevokedKeys(list)).toThrow('cannot be read (it is cut off)');
    writeFileSync(list, readFileSync(list).subarray(0, 44));
    expect(readRevokedKeys(list).has(bytesOf(keys[0]!))).toBe(false);
    appendFileSync(list, Buffer.from([9, 0, 0, 0, 0]));
    expect(() => readRevokedKeys(list)).toThrow('it has a section of the unknown type 9');
  },
);
