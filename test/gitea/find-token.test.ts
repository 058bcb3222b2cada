import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findToken } from '../../src/gitea/find-token.ts';
import { Secret } from '../../src/model/secret.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

function put(home: string, name: string, text: string, mode = 0o600): string {
  const file = join(home, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

/** The token that is found, or the problem in words. */
function found(home: string, more: { tokenFile?: string; env?: Record<string, string> } = {}): string {
  const policy = more.tokenFile === undefined ? {} : { token_file: more.tokenFile };
  const result = findToken(policy, { HOME: home, ...more.env });
  return result instanceof Secret ? result.reveal() : `${result.code}: ${result.message}; ${result.hint}`;
}

describe('the token', () => {
  it('is that of the host policy, else that of the environment, else that of the first usual place', () => {
    using directory = temporaryDirectory();
    const home = directory.path;
    const named = put(home, 'named', 'of-policy\n');
    const env = { GITEA_TOKEN: 'of-environment' };
    expect(found(home)).toContain('secret-unreadable: there is no token for Gitea: GITEA_TOKEN is not set, and none of');

    put(home, '.config/gitea/token', 'third\n');
    expect(found(home)).toBe('third');
    put(home, '.hermes/gitea_token_vps', 'second');
    expect(found(home)).toBe('second');
    put(home, '.hermes/gitea_token', 'first\r\n');
    expect(found(home)).toBe('first');
    expect(found(home, { env })).toBe('of-environment');
    expect(found(home, { env, tokenFile: named })).toBe('of-policy');
  });

  it('is not looked for elsewhere when the policy names a file that is not there', () => {
    using directory = temporaryDirectory();
    const missing = join(directory.path, 'missing');

    expect(found(directory.path, { env: { GITEA_TOKEN: 'other' }, tokenFile: missing })).toContain(`${missing} does not exist`);
  });

  it.each([0o640, 0o604, 0o644, 0o660])('in a file of mode %o is refused, not passed over', (mode) => {
    using directory = temporaryDirectory();
    const file = put(directory.path, '.hermes/gitea_token', 'known-to-others', mode);
    put(directory.path, '.config/gitea/token', 'third');

    expect(found(directory.path)).toMatch(
      new RegExp(`the token file ${file} can be (read|written) by others; chmod 600 ${file}`),
    );
    expect(found(directory.path)).not.toContain('known-to-others');
  });

  it.each(['', '\n', 'two words', 'two\nlines', 'x'.repeat(600), 'tökén'])(
    'that is none (case %#) is refused without being shown',
    (text) => {
      using directory = temporaryDirectory();
      put(directory.path, '.hermes/gitea_token', text);

      expect(found(directory.path)).toContain('does not hold a token; put the token into it, and nothing else');
      if (text.trim() !== '') expect(found(directory.path)).not.toContain(text);
      if (text !== '')
        expect(found('/nonexistent', { env: { GITEA_TOKEN: text } })).toContain('GITEA_TOKEN does not hold a token');
    },
  );

  it('is not read from what is no file', () => {
    using directory = temporaryDirectory();
    mkdirSync(join(directory.path, '.hermes/gitea_token'), { recursive: true });

    expect(found(directory.path)).toContain('is not a small regular file');
  });
});
