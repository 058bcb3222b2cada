import type { AnyAuthMethod, BaseAgent, ParsedKey } from 'ssh2';
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { readPrivateFile } from '../../source/private-file.ts';
import { ownFaultOf } from '../own-fault.ts';
import type { SshSettings } from './settings.ts';

type Ssh2 = typeof import('ssh2');

/** With what this operator can show who they are, in the order of trying. */
export interface Identities {
  /** What to try, each for one user name. */
  readonly attempts: readonly ((username: string) => AnyAuthMethod)[];
  /** Key files that need their passphrase first. */
  readonly locked: readonly string[];
  /** Why keys that were named are not tried. */
  readonly notes: readonly string[];
}

/** The keys of one process: files are read, agents asked and passphrases taken once. */
interface KeyRing {
  identitiesFor(settings: SshSettings): Promise<Identities>;
  /** Asks for the passphrase of a key, once for all who need it; false where it is not given. */
  unlock(file: string): Promise<boolean>;
}

/** `half`: the public half, where the file is that, or says it beside a private one that is locked. */
type KeyFile =
  | { readonly key: ParsedKey }
  | { readonly half: Buffer }
  | { readonly locked: true; readonly half: Buffer | undefined }
  | { readonly note: string }
  | undefined;

/** Keys that are tried although nobody named them. */
const isDefault = (file: string): boolean => /^id_(rsa|dsa|ecdsa|ed25519|xmss)(_sk)?$/.test(basename(file));
/** sshd ends a connection after six attempts, unless it is told otherwise. */
const mostAgentKeys = 20;
const mostQuestions = 3;
/** Milliseconds. */
const agentTimeout = 5_000;

export function openKeyRing(ask: (question: string) => Promise<string | undefined>): KeyRing {
  const files = new Map<string, KeyFile>();
  const passphrases = new Map<string, Promise<boolean>>();
  const agents = new Map<string, Promise<readonly ParsedKey[] | string>>();
  const load = async (): Promise<Ssh2> => (await import('ssh2')).default;

  const fileOf = (ssh2: Ssh2, path: string): KeyFile => {
    if (!files.has(path)) files.set(path, readKey(ssh2, path));
    return files.get(path);
  };

  return {
    async identitiesFor({ identityFiles, identitiesOnly, agent }) {
      const ssh2 = await load();
      const asked = agent === undefined ? [] : await (agents.get(agent) ?? remember(agents, agent, askAgent(ssh2, agent)));
      const held = typeof asked === 'string' ? [] : asked;
      const notes = typeof asked === 'string' ? [asked] : [];
      const locked: string[] = [];
      const chosen = new Set<ParsedKey>();
      const named: ParsedKey[] = [];
      const usual: ParsedKey[] = [];
      for (const path of identityFiles) {
        const found = fileOf(ssh2, path);
        const publicHalf = halfOf(found) ?? publicKeyIn(ssh2, `${path}.pub`);
        const inAgent = publicHalf && held.find((key) => key.getPublicSSH().equals(publicHalf));
        if (inAgent) chosen.add(inAgent);
        else if (found && 'key' in found) (isDefault(path) ? usual : named).push(found.key);
        else if (found && 'locked' in found) locked.push(path);
        else if (found && 'half' in found) notes.push(`the agent does not hold the key ${path}`);
        else if (found) notes.push(found.note);
        else if (!isDefault(path)) notes.push(`there is no key ${path}`);
      }
      const others = identitiesOnly ? [] : held.filter((key) => !chosen.has(key)).slice(0, mostAgentKeys);
      const byAgent =
        (key: ParsedKey) =>
        (username: string): AnyAuthMethod => ({ type: 'agent', username, agent: agentWith(ssh2, agent!, key) });
      const byFile =
        (key: ParsedKey) =>
        (username: string): AnyAuthMethod =>
          // What ssh2 takes, though its types know only of texts.
          ({ type: 'publickey', username, key: key as unknown as Buffer });
      return {
        attempts: [...[...chosen].map(byAgent), ...named.map(byFile), ...others.map(byAgent), ...usual.map(byFile)],
        locked,
        notes,
      };
    },

    unlock: (file) => passphrases.get(file) ?? remember(passphrases, file, unlockByAsking(file)),
  };

  async function unlockByAsking(file: string): Promise<boolean> {
    const ssh2 = await load();
    for (let attempt = 1; attempt <= mostQuestions; attempt += 1) {
      const passphrase = await ask(`${attempt > 1 ? 'That is not it. ' : ''}Passphrase of ${file}: `);
      if (passphrase === undefined || passphrase === '') return false;
      const key = readKey(ssh2, file, passphrase);
      if (!key || !('key' in key)) continue;
      files.set(file, key);
      return true;
    }
    return false;
  }
}

function remember<T>(known: Map<string, Promise<T>>, name: string, asked: Promise<T>): Promise<T> {
  known.set(name, asked);
  return asked;
}

function halfOf(found: KeyFile): Buffer | undefined {
  if (!found) return undefined;
  return 'half' in found ? found.half : 'key' in found ? found.key.getPublicSSH() : undefined;
}

/** Undefined where there is no such file. */
function readKey(ssh2: Ssh2, path: string, passphrase?: string): KeyFile {
  // As in OpenSSH a public key may be named, for one that an agent holds. Others may read it.
  const half = publicKeyIn(ssh2, path);
  if (half) return { half };
  const read = readPrivateFile(path, 'key');
  const fault = 'refused' in read ? ownFaultOf(read.cause) : undefined;
  // Of what is only scarce now nothing is kept.
  if (fault?.isPassing === true) throw fault;
  if ('refused' in read) return read.isMissing ? undefined : { note: `${read.refused}; ${read.hint}` };
  const parsed: unknown = ssh2.utils.parseKey(read.bytes, passphrase);
  const key = (Array.isArray(parsed) ? parsed[0] : parsed) as ParsedKey | Error;
  if (!(key instanceof Error)) return { key };
  if (/no passphrase given/i.test(key.message)) return { locked: true, half: publicHalfOf(read.bytes) };
  return { note: `the key ${path} is of a form that is not understood; \`ssh-keygen -p -f ${path}\` rewrites it` };
}

/**
 * What OpenSSH's own form of private keys says in front of what is encrypted: a mark, three texts about the encryption, how many keys
 * there are, and the first public one (PROTOCOL.key). Undefined for other forms.
 */
function publicHalfOf(bytes: Buffer): Buffer | undefined {
  const text = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(bytes.toString('latin1'))?.[1];
  const blob = Buffer.from(text ?? '', 'base64');
  const mark = 'openssh-key-v1\0';
  if (blob.toString('latin1', 0, mark.length) !== mark) return undefined;
  try {
    let at = mark.length;
    for (let skipped = 0; skipped < 3; skipped++) at += 4 + blob.readUInt32BE(at);
    const start = at + 8;
    const end = start + blob.readUInt32BE(at + 4);
    return end <= blob.length ? blob.subarray(start, end) : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Undefined where there is no such file, or something else is in it. */
function publicKeyIn({ utils }: Ssh2, file: string): Buffer | undefined {
  try {
    if (!statSync(file).isFile()) return undefined;
    const text = readFileSync(file, 'utf8').slice(0, 16 * 1024);
    const parsed: unknown = text.includes('PRIVATE KEY') ? undefined : utils.parseKey(text);
    const key = (Array.isArray(parsed) ? parsed[0] : parsed) as ParsedKey | Error | undefined;
    return key === undefined || key instanceof Error || key.isPrivateKey() ? undefined : key.getPublicSSH();
  } catch (error) {
    const fault = ownFaultOf(error);
    if (fault?.isPassing === true) throw fault;
    return undefined;
  }
}

/** The keys that the agent holds, or why it does not say. */
function askAgent({ createAgent }: Ssh2, path: string): Promise<readonly ParsedKey[] | string> {
  const { promise, resolve } = Promise.withResolvers<readonly ParsedKey[] | string>();
  const timer = setTimeout(() => resolve(`the agent at ${path} does not answer`), agentTimeout);
  createAgent(path).getIdentities((error, keys) => {
    clearTimeout(timer);
    resolve(error ? `the agent at ${path} cannot be used (${error.message})` : ((keys ?? []) as ParsedKey[]));
  });
  return promise;
}

/** The agent, for one of its keys: which ones are offered, and in which order, is decided here. */
function agentWith({ createAgent }: Ssh2, path: string, key: ParsedKey): BaseAgent {
  return Object.assign(createAgent(path), {
    getIdentities: (answer: (error: undefined, keys: readonly ParsedKey[]) => void) => answer(undefined, [key]),
  });
}
