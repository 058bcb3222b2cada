import { isHostName } from '../../inventory/names.ts';
import { parseJumps } from './jump.ts';
import { splitWords } from './split-words.ts';
import { isUserName } from './user-name.ts';

interface SshWords {
  /** For `ssh -G`. */
  readonly options: readonly string[];
  readonly refused: readonly { readonly message: string; readonly hint?: string }[];
}

type Check = (value: string) => boolean;

const isPort: Check = (value) => /^\d{1,5}$/.test(value) && Number(value) > 0 && Number(value) < 65_536;
const isSeconds: Check = (value) => /^\d{1,5}$/.test(value);
const isYesOrNo: Check = (value) => /^(yes|no)$/i.test(value);
/** Whether it can be a path that an argument of `ssh` names. */
// eslint-disable-next-line no-control-regex -- they are what is refused
export const isPath: Check = (value) => value.length <= 4096 && !/^-|[\x00-\x1f\x7f]/.test(value);
const isJump: Check = (value) => value === 'none' || parseJumps(value) !== undefined;

/** What counts, by keyword in lower case. */
const taken: Readonly<Record<string, Check>> = {
  port: isPort,
  user: isUserName,
  identityfile: isPath,
  identitiesonly: isYesOrNo,
  proxyjump: isJump,
  hostkeyalias: isHostName,
  connecttimeout: isSeconds,
  serveraliveinterval: isSeconds,
  serveralivecountmax: isSeconds,
};
/**
 * What inventories say to `ssh` that changes nothing here. `StrictHostKeyChecking` and the known_hosts files are among them: whether a host is the
 * right one is for the operator to know, not for the repository.
 */
const ignored = new Set(
  `addressfamily batchmode checkhostip ciphers compression connectionattempts controlmaster controlpath controlpersist forwardagent
   forwardx11 globalknownhostsfile gssapiauthentication gssapidelegatecredentials hashknownhosts hostkeyalgorithms ipqos
   kbdinteractiveauthentication kexalgorithms loglevel macs numberofpasswordprompts passwordauthentication preferredauthentications
   pubkeyacceptedalgorithms pubkeyacceptedkeytypes pubkeyauthentication requesttty sendenv stricthostkeychecking tcpkeepalive
   updatehostkeys userknownhostsfile verifyhostkeydns`.split(/\s+/),
);
/** Letters that stand for a keyword with a value. */
const letters: Readonly<Record<string, string>> = { p: 'Port', l: 'User', i: 'IdentityFile', J: 'ProxyJump' };
const flags = new Set(['-4', '-6', '-a', '-A', '-C', '-k', '-K', '-n', '-q', '-T', '-v', '-vv', '-vvv', '-x', '-X', '-Y']);
const longest = 8192;

/**
 * The options that a repository gives to `ssh`. Only those that say where a host is and who goes there are taken: others, `ProxyCommand` and
 * `-F` first of all, would let whoever writes the repository run programs on the operator's machine.
 */
export function readSshWords(line: string): SshWords {
  const words = line.length > longest ? undefined : splitWords(line);
  if (!words) return { options: [], refused: [{ message: 'expected words as a shell takes them, with every quote closed' }] };
  const options: string[] = [];
  const refused: { message: string; hint?: string }[] = [];
  const take = (keyword: string, value: string): void => {
    const name = keyword.toLowerCase();
    const check = taken[name];
    if (ignored.has(name)) return;
    if (!check) refused.push(refusalOf(keyword));
    else if (!check(value)) refused.push({ message: `${keyword} cannot be ${JSON.stringify(value.slice(0, 80))}` });
    else options.push('-o', `${keyword}=${/\s/.test(value) ? `"${value}"` : value}`);
  };
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index]!;
    if (flags.has(word)) continue;
    const [, letter = '', rest = ''] = /^-([A-Za-z])(.*)$/s.exec(word) ?? [];
    const value = rest === '' ? words[(index += 1)] : rest;
    if (letter === 'o' && value !== undefined) {
      const [, keyword = '', given = ''] = /^\s*([A-Za-z0-9]+)(?:\s*=\s*|\s+)"?(.*?)"?\s*$/s.exec(value) ?? [];
      if (keyword === '') refused.push({ message: `-o takes KEYWORD=VALUE, not ${JSON.stringify(value.slice(0, 80))}` });
      else take(keyword, given);
    } else if (letters[letter] !== undefined && value !== undefined) take(letters[letter], value);
    else if (letter === 'F' && (value === 'none' || value === '/dev/null')) continue;
    else refused.push(refusalOf(letter === '' ? word : `-${letter}`));
  }
  return { options, refused };
}

function refusalOf(option: string): { message: string; hint?: string } {
  const message = `${JSON.stringify(option.slice(0, 80))} is not taken from a repository`;
  if (/^proxycommand$/i.test(option))
    return { message, hint: 'ProxyJump (-J) goes through another SSH host; anything else belongs into ~/.ssh/config' };
  return { message, hint: 'it belongs into ~/.ssh/config' };
}
