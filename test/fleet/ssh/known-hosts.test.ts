import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { indexKnownHosts, parseKnownHosts, readKnownHosts } from '../../../src/fleet/ssh/known-hosts.ts';
import { makePublicKey } from '../../support/public-key.ts';
import { whyNoSsh } from '../../support/ssh-server.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const key = (number: number): string => makePublicKey(number, '');

const lines = [
  `web1.example ${key(1)}`,
  `web2.example,192.0.2.7 ${key(2)} with a comment`,
  `[web3.example]:2222 ${key(3)}`,
  `*.lab.example,!secret.lab.example ${key(4)}`,
  `web?.example ${key(5)}`,
  `@revoked web1.example ${key(6)}`,
  `@cert-authority *.example ${key(7)}`,
  `  \tspaced.example   ${key(8)}  `,
  `# commented.example ${key(9)}`,
  '',
  `UPPER.example ${key(10)}`,
  `2001:db8::1 ${key(11)}`,
  `[2001:db8::2]:2222 ${key(12)}`,
  `@unknown-marker marked.example ${key(14)}`,
  `[*]:2200 ${key(15)}`,
];
const asked = [
  'web1.example',
  'web2.example',
  '192.0.2.7',
  '192.0.2.70',
  'web3.example',
  '[web3.example]:2222',
  '[web3.example]:2223',
  'a.lab.example',
  'secret.lab.example',
  'web9.example',
  'web10.example',
  'spaced.example',
  'commented.example',
  '# commented.example',
  'upper.example',
  'UPPER.example',
  '2001:db8::1',
  '[2001:db8::2]:2222',
  'marked.example',
  '[any.example]:2200',
  'nobody.invalid',
];

/** The lines that OpenSSH finds about a host. */
function oracle(file: string, host: string): number[] {
  const { stdout } = spawnSync('ssh-keygen', ['-F', host, '-f', file], { encoding: 'utf8' });
  return [...stdout.matchAll(/^# Host .* found: line (\d+)/gm)].map((found) => Number(found[1]));
}

describe.skipIf(whyNoSsh !== undefined)(`known_hosts${whyNoSsh ? ` (${whyNoSsh})` : ''}`, () => {
  it.each(asked)('the lines about %s are those that ssh-keygen finds', (host) => {
    using directory = temporaryDirectory();
    const file = join(directory.path, 'known_hosts');
    writeFileSync(file, `${lines.join('\n')}\n`);

    const found = indexKnownHosts(readKnownHosts(file))(host);

    expect(found.map(({ line }) => line)).toEqual(oracle(file, host));
  });

  it('hashed names are found, and only they', () => {
    using directory = temporaryDirectory();
    const file = join(directory.path, 'known_hosts');
    const names = ['web1.example', '[web3.example]:2222', '192.0.2.7', 'db1.example'];
    writeFileSync(file, names.map((name, index) => `${name} ${key(index)}\n`).join(''));
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
    const about = indexKnownHosts(readKnownHosts(file));
    const found = (): number[][] => names.map((name) => about(name).map(({ line }) => line));

    expect(readFileSync(file, 'utf8')).not.toContain('web1');
    expect(found()).toEqual([[1], [2], [3], [4]]);
    expect([...about('web2.example'), ...about('web3.example')]).toEqual([]);
    expect([found(), about('WEB1.example').length]).toEqual([[[1], [2], [3], [4]], 1]);
  });
});

describe('known_hosts lines', () => {
  it('a file that is not there knows nobody', () => {
    expect(readKnownHosts('/nonexistent/known_hosts')).toEqual([]);
  });

  it('markers say what a key is for', () => {
    const roles = parseKnownHosts(`a ${key(1)}\n@revoked a ${key(2)}\n@cert-authority a ${key(3)}\n`, 'f').map(
      ({ role }) => role,
    );
    expect(roles).toEqual(['trusted', 'revoked', 'authority']);
  });

  it('a line whose key cannot be read is none', () => {
    const key13 = key(13).split(' ')[1];
    const broken = ['ssh-ed25519 AAAA', 'ssh-ed25519 not!base64', `ssh-rsa ${key13}`, 'ssh-ed25519', '2048 65537 1234567890', ''];
    expect(parseKnownHosts(broken.map((rest) => `web1 ${rest}\n`).join(''), 'f')).toEqual([]);
  });

  it('a pattern of many stars is decided at once', () => {
    const known = parseKnownHosts(`${'*a'.repeat(40)}*b ${key(1)}`, 'f');
    expect(indexKnownHosts(known)('a'.repeat(200))).toEqual([]);
  });

  it('a hash of another scheme is about nobody', () => {
    const known = parseKnownHosts(`|2|c2FsdA==|aGFzaA== ${key(1)}`, 'f');
    expect(indexKnownHosts(known)('web1')).toEqual([]);
  });
});
