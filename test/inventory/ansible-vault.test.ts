import { describe, expect, it } from 'vitest';
import { decryptVault } from '../../src/inventory/ansible-vault.ts';

const plain = 'canary-vault-text\nline two, ü\n';
/** Made by ansible-vault 2.14 with the password "pw-one". */
const format11 = `$ANSIBLE_VAULT;1.1;AES256
32623265653864366634646163643236363530656561333338383630336536376334613630343165
3839323265623834356334633631383862613731616663660a633634306533393733646562313938
37616439336238353835336236636437663536633138303538383037623832353133396362623032
3337323938306635340a383735663962626138323530636566333238363432626438653333613735
38653864353337646365333334386163356365313038613561313131363063313861
`;
/** Made with the password "pw-two" and the vault id "prod". */
const format12 = `$ANSIBLE_VAULT;1.2;AES256;prod
65313165666133383137623635633761313366613161313961646339613633363734396263623030
3261623166303365323239626565643732336632373237650a656635346263643430613237633761
65356631633731373761636366393065353766333264353464333132396630616663383361326164
3961313339313036660a346239376364316332396337393134396264623364643062376136356632
63633866353961386665633666616531626661316237306132636139336233616438
`;

/** The text with one hexadecimal digit of the outer layer changed. */
function damage(text: string, line: number, column: number): string {
  const lines = text.split('\n');
  const old = lines[line]!;
  const digit = old.charAt(column) === '3' ? '4' : '3';
  return lines.with(line, old.slice(0, column) + digit + old.slice(column + 1)).join('\n');
}

describe('decryptVault', () => {
  it('reads format 1.1 and 1.2', () => {
    expect(decryptVault(format11, ['pw-one'])).toEqual({ text: plain });
    expect(decryptVault(format12, ['pw-two'])).toEqual({ text: plain });
  });

  it('tries every password and ignores the newline of a password file', () => {
    expect(decryptVault(format12, ['pw-one\n', 'pw-two\n'])).toEqual({ text: plain });
  });

  it('reads a text that lost its last newline or is indented', () => {
    expect(decryptVault(format11.trimEnd(), ['pw-one'])).toEqual({ text: plain });
    expect(decryptVault(format11.replaceAll('\n', '\n    '), ['pw-one'])).toEqual({ text: plain });
    expect(decryptVault(format11.replaceAll('\n', '\r\n'), ['pw-one'])).toEqual({ text: plain });
  });

  it.each([
    ['no password', format11, [], 'no ansible-vault password is configured'],
    ['the wrong password', format11, ['pw-two'], 'no ansible-vault password of this host fits'],
    ['an empty password', format11, [''], 'no ansible-vault password of this host fits'],
    ['a changed cipher text', damage(format11, 5, 7), ['pw-one'], 'fits, or the text was changed'],
    ['a changed salt', damage(format11, 1, 7), ['pw-one'], 'fits, or the text was changed'],
    ['a changed header', format11.replace('1.1', '1.3'), ['pw-one'], 'not an ansible-vault text'],
    ['another cipher', format11.replace('AES256', 'AES'), ['pw-one'], 'not an ansible-vault text'],
    ['a cut text', format11.split('\n').slice(0, 3).join('\n'), ['pw-one'], 'damaged'],
    ['an odd number of digits', format11.trimEnd().slice(0, -1), ['pw-one'], 'damaged'],
    ['no digits', '$ANSIBLE_VAULT;1.1;AES256\nzz\n', ['pw-one'], 'damaged'],
    ['only a header', '$ANSIBLE_VAULT;1.1;AES256', ['pw-one'], 'damaged'],
    ['plain text', 'secret', ['pw-one'], 'not an ansible-vault text'],
    ['too much text', `${format11}${'3'.repeat(9_000_000)}`, ['pw-one'], 'more than'],
  ])('says why for %s', (_title, text, passwords, reason) => {
    const result = decryptVault(text, passwords);

    expect(result).toEqual({ unreadable: expect.stringContaining(reason) as string });
    expect(JSON.stringify(result)).not.toMatch(/pw-one|pw-two|canary/);
  });
});
