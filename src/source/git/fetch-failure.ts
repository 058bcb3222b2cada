import type { GitFailure } from './run-git.ts';

/** Why a remote gave nothing, for people. */
interface FetchFailure {
  readonly message: string;
  readonly hint: string;
  /** Whether the mirror may be what is wrong: git said nothing that is known to come from the remote. */
  readonly mayBeMirror: boolean;
}

/** What is said of a pack that is larger than it may be. */
export const tooMuch = 'it sends more than one repository may hold';

type Row = readonly [pattern: RegExp, message: string, hint: string];

/** What git, curl and ssh write, in the order in which it is looked for. `$1` is the first group. */
const rows: readonly Row[] = [
  [/failed to (?:execute|run command) \W?git\b/, 'git is not installed on this host', 'apt-get install git'],
  [
    /Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/,
    'its ssh host key is not the one in known_hosts',
    'find out why it changed; ssh-keyscan shows the present one, compare it before adding it',
  ],
  [
    /Permission denied \(|Load key .*: /,
    'it does not accept the deploy key',
    'add the public half of ssh_key as a deploy key of the repository',
  ],
  [
    /Could not resolve host|Could not resolve hostname|Name or service not known|Temporary failure in name resolution/,
    'its name cannot be resolved',
    'check the URL and the DNS of this host',
  ],
  [
    /Connection refused|Couldn't connect|Failed to connect|No route to host|Network is unreachable|Connection timed out/,
    'it cannot be reached',
    'check the URL, the server and the network',
  ],
  [
    /certificate|SSL|TLS|gnutls/i,
    'its TLS certificate cannot be trusted',
    'name the certificate of its CA in ca_file, and check the clock of this host',
  ],
  [
    /requested URL returned error: 30[1278]|unable to update url base from redirection/,
    'it redirects, which is not followed',
    'name the URL that it redirects to in its place',
  ],
  [
    /could not read (?:Username|Password)|Authentication failed|returned error: 401/,
    'it asks for a login (401)',
    'put a valid token into token_file, and check user',
  ],
  [/returned error: 403/, 'it denies access (403)', 'give the token the right to read the repository'],
  [
    /repository '.*' not found|returned error: 404/,
    'it has no such repository (404)',
    'check the URL; many servers say this too when a token lacks rights',
  ],
  [/returned error: 429/, 'it asks for fewer requests (429)', 'poll less often: agent.interval'],
  [/returned error: (5\d\d)/, 'its server fails ($1)', 'see to the server'],
  [/returned error: (\d+)/, 'it answers $1', 'check the URL'],
  [
    /not valid: (?:is this a git repository|could not determine hash)|invalid content-type|unexpected .*content.type|invalid server response|protocol error: bad line length|bad line length/i,
    'it does not answer as a git server does, but perhaps with a login page',
    'check the URL, and what a proxy in between puts in its place',
  ],
  [
    /lists nothing/,
    'it lists no branches: it is empty, or no git server but perhaps a login page',
    'check the URL, and what a proxy in between puts in its place',
  ],
  [
    /dubious ownership/,
    'the local repository belongs to another user',
    'chown it to the user who runs this, or follow it over ssh',
  ],
  // "not a git repository" is what git says of the mirror.
  [/does not appear to be a git repository/, 'it is no git repository', 'check the path'],
  [/died of signal 25|File size limit|pack exceeds maximum|printed more than/, tooMuch, 'take large files out of the history'],
  [
    /No space left on device|Disk quota exceeded|Read-only file system/,
    'the state directory cannot be written ($&)',
    'make room, or mount it writable',
  ],
  [
    /(?:error: object|fsck error|in tree|in packed object).*|(?:has[A-Z]\w+|fullPathname|nullSha1|badTree|zeroPadded\w+): .*/,
    'it sends objects that git refuses: $&',
    'remove them from the history of the branch, as git fsck names them',
  ],
  [
    /shallow roots are not allowed/,
    'it is a shallow clone, which lacks the history that this host needs',
    'run git fetch --unshallow there, or follow the repository that it was cloned from',
  ],
  [/repository corruption on the remote side/, 'its repository is damaged', 'run git fsck there'],
  [
    /(\S+ is a (?:tag|tree|blob), not a commit)/,
    '$1',
    'name a commit in the host policy; git rev-parse TAG^{commit} tells the one of a tag',
  ],
  [/couldn't find remote ref (\S+)|not our ref/, 'it has no $1', 'check branch, tag or commit in the host policy'],
  [
    /Operation too slow|timed out|Timeout was reached/i,
    'it is too slow: less than 1000 bytes per second',
    'see to the server and the network',
  ],
  [
    /early EOF|unexpected disconnect|transfer closed|RPC failed|hung up unexpectedly|Empty reply|Connection reset|remote end closed|unpack-objects|premature end|Broken pipe|curl \d+/i,
    'the connection was cut in the middle',
    'see to the server and the network',
  ],
  // All that git says where the system has ended what takes the pack.
  [/invalid index-pack output/, tooMuch, 'take large files out of the history'],
  [
    /mismatched algorithms|object format|unsupported hash/i,
    'it uses SHA-256 object names, which are not followed',
    'follow a repository with SHA-1 names',
  ],
];

/** Explains what git said about a remote. `secrets` are taken out of what is quoted. */
export function explainFetchFailure({ stderr, timedOut }: GitFailure, timeout: string, secrets: readonly string[]): FetchFailure {
  if (timedOut) {
    const hint = 'see to the server and the network, or allow more time: remote.timeout';
    return { message: `it did not finish within ${timeout}`, hint, mayBeMirror: false };
  }
  for (const [pattern, message, hint] of rows) {
    const match = pattern.exec(stderr);
    if (!match) continue;
    const text = message.replace('$1', match[1] ?? 'such revision').replace('$&', match[0].slice(0, 200));
    return { message: without(secrets, text), hint, mayBeMirror: false };
  }
  const last =
    stderr
      .trim()
      .split('\n')
      .findLast((line) => /^(?:fatal|error): /.test(line)) ?? 'git said nothing';
  return {
    message: without(secrets, `git fails: ${last.slice(0, 300)}`),
    hint: 'try it by hand, as the user who runs this',
    mayBeMirror: true,
  };
}

const without = (secrets: readonly string[], text: string): string =>
  secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
