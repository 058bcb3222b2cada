import { join } from 'node:path';
import { runCommand } from '../../host/run-command.ts';
import { longestTimer } from '../../model/duration.ts';
import { lastLines } from '../../model/last-lines.ts';
import { printableLine } from '../../report/printable.ts';
import { ConnectionError } from '../connection.ts';
import { OwnFault, ownFaultOf } from '../own-fault.ts';
import { readConfigSections } from './config-sections.ts';

/** How one host is reached, after the user's own SSH configuration. */
export interface SshSettings {
  /** As the inventory or a `ProxyJump` names it: what would stand on the command line of `ssh`. */
  readonly address: string;
  readonly hostname: string;
  readonly port: number;
  readonly user: string;
  /** Absolute paths; some may not exist. */
  readonly identityFiles: readonly string[];
  /** Keys of the agent are offered only where their file is named. */
  readonly identitiesOnly: boolean;
  /** Socket of the agent. */
  readonly agent: string | undefined;
  readonly proxyJump: string | undefined;
  readonly proxyCommand: string | undefined;
  /** Where host keys are known; the first is the one to which new ones are added. */
  readonly knownHostsFiles: readonly string[];
  /** Lists of keys that no host may have. */
  readonly revokedKeysFiles: readonly string[];
  readonly hostKeyAlias: string | undefined;
  readonly hashKnownHosts: boolean;
  /** Milliseconds. */
  readonly connectTimeout: number;
  readonly keepaliveInterval: number;
  readonly keepaliveCount: number;
  readonly mayAsk: boolean;
}

/** Whom to reach, as the inventory or a `ProxyJump` says it. */
export interface Destination {
  readonly address: string;
  readonly port: number | undefined;
  readonly user: string | undefined;
  readonly identity: string | undefined;
  readonly sshOptions: readonly string[];
}

/** The operator's surroundings. */
export interface OperatorPlace {
  readonly home: string;
  readonly account: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** In place of `~/.ssh/config` and the machine's; `ssh -F`. */
  readonly configFile?: string;
}

/** Milliseconds. */
const configTimeout = 10_000;
const connectTimeout = 10_000;
const keepaliveInterval = 5_000;
const keepaliveCount = 3;
const systemConfig = '/etc/ssh/ssh_config';
const defaultKeys = ['id_ed25519', 'id_ecdsa', 'id_rsa'];

type Answer = ReadonlyMap<string, readonly string[]>;

/**
 * Reads how hosts are reached from `ssh -G`, once for all hosts of which the user's configuration says the same. Where no
 * `ssh` is installed, its defaults hold. Rejects with a `ConnectionError` when `ssh` refuses the configuration.
 */
export function openSettings(place: OperatorPlace): (destination: Destination) => Promise<SshSettings> {
  const { home, configFile } = place;
  const files = configFile === undefined ? [join(home, '.ssh', 'config'), systemConfig] : [configFile];
  const groupOf = readConfigSections(files, home);
  const answers = new Map<string, Promise<Answer>>();
  return async (destination) => {
    const { address, port, user, identity, sshOptions } = destination;
    const group = groupOf(address);
    const key = JSON.stringify([group === undefined ? [address] : group, port, user, identity, sshOptions]);
    const asked = answers.get(key) ?? askSsh(destination, place);
    answers.set(key, asked);
    const forget = (): void => void (answers.get(key) === asked && answers.delete(key));
    // What keeps `ssh` from answering now may be over when it is asked again; what it says of its configuration stays.
    asked.catch((error: unknown) => (error instanceof ConnectionError && !error.isPassing) || forget());
    return toSettings(await asked, destination, place, group !== undefined);
  };
}

async function askSsh({ address, port, user, identity, sshOptions }: Destination, place: OperatorPlace): Promise<Answer> {
  const { home, account, environment, configFile } = place;
  const options = [
    ...(configFile === undefined ? [] : ['-F', configFile]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(user === undefined ? [] : ['-l', user]),
    // `-i` would pass over a file of which only the public half is here.
    ...(identity === undefined ? [] : ['-o', `IdentityFile="${identity}"`]),
    ...sshOptions,
  ];
  const { PATH, SSH_AUTH_SOCK } = environment;
  const env = {
    HOME: home,
    USER: account,
    ...(PATH !== undefined && { PATH }),
    ...(SSH_AUTH_SOCK !== undefined && { SSH_AUTH_SOCK }),
  };
  let result;
  try {
    result = await runCommand(
      ['ssh', '-G', ...options, '--', address],
      { env, timeout: configTimeout },
      new AbortController().signal,
    );
  } catch (error) {
    if (/not installed/.test((error as Error).message)) return new Map();
    throw ownFaultOf(error) ?? new OwnFault((error as Error).message);
  }
  // Without the address: others share the answer.
  const hint = 'ssh -G and the address of a host shows how it reads the configuration';
  if (result.timedOut)
    throw new ConnectionError('unreachable', 'ssh took more than 10 s to read its configuration', { hint, isPassing: true });
  if (result.exitCode !== 0) {
    const why = printableLine(lastLines(result.stderr));
    throw new ConnectionError('unreachable', `ssh does not accept its configuration: ${why}`, { hint });
  }
  const answer = new Map<string, string[]>();
  for (const line of result.stdout.split('\n')) {
    const [, keyword = '', value = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
    if (keyword !== '') answer.set(keyword.toLowerCase(), [...(answer.get(keyword.toLowerCase()) ?? []), value]);
  }
  return answer;
}

function toSettings(answer: Answer, destination: Destination, place: OperatorPlace, isShared: boolean): SshSettings {
  const { home, account, environment } = place;
  const only = (keyword: string): string | undefined => {
    const value = answer.get(keyword)?.[0];
    return value === undefined || value === 'none' || value === '' ? undefined : value;
  };
  const hostname = (isShared ? destination.address : (only('hostname') ?? destination.address)).toLowerCase();
  const port = Number(only('port') ?? destination.port ?? 22);
  const user = only('user') ?? destination.user ?? account;
  const expand = (path: string): string => {
    const tokens: Readonly<Record<string, string>> = {
      d: home,
      h: hostname,
      n: destination.address,
      p: String(port),
      r: user,
      u: account,
      '%': '%',
    };
    const whole = path.replace(/%(.)/g, (token, letter: string) => tokens[letter] ?? token);
    return whole.startsWith('~/') ? join(home, whole.slice(2)) : whole;
  };
  const filesOf = (keyword: string, otherwise: readonly string[]): readonly string[] =>
    (answer.get(keyword)?.flatMap((value) => value.split(' ')) ?? otherwise).filter((file) => file !== 'none').map(expand);
  const usual = destination.identity === undefined ? defaultKeys.map((name) => `~/.ssh/${name}`) : [destination.identity];
  const named = answer.get('identityfile') ?? usual;
  const agent = only('identityagent') ?? 'SSH_AUTH_SOCK';
  const variable = agent === 'SSH_AUTH_SOCK' ? agent : /^\$\{?(\w+)\}?$/.exec(agent)?.[1];
  const seconds = (keyword: string): number => Math.min(Number(only(keyword) ?? 0) * 1000, longestTimer);
  // Debian has 300 s for everybody who says BatchMode: a host that is gone would be found after 20 minutes.
  const isOwnWish = seconds('serveraliveinterval') > 0 && !(only('batchmode') === 'yes' && only('serveraliveinterval') === '300');
  return {
    address: destination.address,
    hostname,
    port,
    user,
    identityFiles: named.filter((file) => file !== 'none').map(expand),
    identitiesOnly: only('identitiesonly') === 'yes',
    agent:
      answer.get('identityagent')?.[0] === 'none' ? undefined : variable === undefined ? expand(agent) : environment[variable],
    proxyJump: only('proxyjump'),
    proxyCommand: only('proxycommand'),
    knownHostsFiles: [
      ...filesOf('userknownhostsfile', ['~/.ssh/known_hosts']),
      ...filesOf('globalknownhostsfile', ['/etc/ssh/ssh_known_hosts']),
    ],
    revokedKeysFiles: filesOf('revokedhostkeys', []),
    hostKeyAlias: only('hostkeyalias'),
    hashKnownHosts: only('hashknownhosts') === 'yes',
    connectTimeout: seconds('connecttimeout') || connectTimeout,
    keepaliveInterval: isOwnWish ? seconds('serveraliveinterval') : keepaliveInterval,
    keepaliveCount: isOwnWish ? Number(only('serveralivecountmax') ?? keepaliveCount) : keepaliveCount,
    mayAsk: only('batchmode') !== 'yes',
  };
}
