import type { RemotePolicy } from '../../model/host-policy-document.ts';
import { milliseconds } from '../../model/duration.ts';
import { readPrivateFile } from '../private-file.ts';
import { readRemoteUrl, type RemoteUrl } from './remote-url.ts';

/** What git needs beside its own settings to reach one remote. */
export interface RemoteAccess extends RemoteUrl {
  readonly config: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** What must not appear in any message. */
  readonly secrets: readonly string[];
}

/** Without white space and quotes they need none in the command line that git gives to a shell. */
const plainPath = /^\/[\w.,@+/-]*$/;

/** How one remote is reached, with its token or key read. */
export function openRemoteAccess(given: string, policy: RemotePolicy): RemoteAccess | { readonly refused: string } {
  const remote = readRemoteUrl(given);
  if ('refused' in remote) return remote;
  const seconds = Math.max(1, Math.min(20, Math.floor(milliseconds(policy.timeout) / 1000)));
  const env = { GIT_ALLOW_PROTOCOL: remote.transport };
  const config = { 'http.lowSpeedTime': String(seconds) };
  switch (remote.transport) {
    case 'file':
      return { ...remote, env, config, secrets: [] };
    case 'ssh': {
      const command = sshCommand(policy);
      if (typeof command !== 'string') return command;
      return { ...remote, env: { ...env, GIT_SSH_COMMAND: command, GIT_SSH_VARIANT: 'ssh' }, config, secrets: [] };
    }
    case 'http':
    case 'https':
      return openHttp(remote, policy, { env, config });
  }
}

function openHttp(
  remote: RemoteUrl,
  { token_file: tokenFile, user, ca_file: caFile }: RemotePolicy,
  { env, config }: Pick<RemoteAccess, 'env' | 'config'>,
): RemoteAccess | { readonly refused: string } {
  const withCa = { ...config, ...(caFile === undefined ? {} : { 'http.sslCAInfo': caFile }) };
  if (tokenFile === undefined) return { ...remote, env, config: withCa, secrets: [] };
  const read = readPrivateFile(tokenFile, 'token file');
  if ('refused' in read) return refusal(read);
  const token = read.bytes.toString().trim();
  if (!/^[\x21-\x7e]+$/.test(token)) return { refused: `the token file ${tokenFile} holds no token; write it there as one line` };
  const basic = Buffer.from(`${user}:${token}`).toString('base64');
  const header = { [`http.${new URL(remote.url).origin}/.extraHeader`]: `Authorization: Basic ${basic}` };
  return { ...remote, env, config: { ...withCa, ...header }, secrets: [token, basic] };
}

/** With what to do about it: the hint of a remote is about the host policy. */
const refusal = ({ refused, hint }: { readonly refused: string; readonly hint: string }): { readonly refused: string } => ({
  refused: `${refused}; ${hint}`,
});

function sshCommand({ ssh_key: key, known_hosts: knownHosts }: RemotePolicy): string | { readonly refused: string } {
  if (key === undefined || knownHosts === undefined)
    return { refused: 'an ssh remote needs ssh_key (the deploy key) and known_hosts (its host keys) in the host policy' };
  const odd = [key, knownHosts].find((file) => !plainPath.test(file));
  if (odd !== undefined) return { refused: `${odd}: the path of a key may hold letters, digits and ".,@+/_-" only` };
  const read = readPrivateFile(key, 'deploy key');
  if ('refused' in read) return refusal(read);
  const hosts = readPrivateFile(knownHosts, 'file of host keys', { mayBeRead: true });
  if ('refused' in hosts) return refusal(hosts);
  const options = [...sshOptions, `UserKnownHostsFile=${knownHosts}`].map((option) => `-o ${option}`);
  return `ssh -F /dev/null ${options.join(' ')} -i ${key}`;
}

const sshOptions = [
  'BatchMode=yes',
  'StrictHostKeyChecking=yes',
  'GlobalKnownHostsFile=/dev/null',
  'VerifyHostKeyDNS=no',
  'UpdateHostKeys=no',
  'IdentitiesOnly=yes',
  'IdentityAgent=none',
  'PreferredAuthentications=publickey',
  'ForwardAgent=no',
  'ClearAllForwardings=yes',
  'PermitLocalCommand=no',
  'ProxyCommand=none',
  'ControlMaster=no',
  'RequestTTY=no',
  'EscapeChar=none',
  'ConnectTimeout=10',
  'ConnectionAttempts=1',
  'ServerAliveInterval=10',
  'ServerAliveCountMax=3',
] as const;
