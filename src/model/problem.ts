/** A place in a file that a person wrote. `file` is relative to the repository; line and column count from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Something wrong with the input, as data: stages collect problems and go on, so that one run reports all of them. */
export interface Problem {
  readonly code: ProblemCode;
  /** Where it is wrong and what was expected, without the position. */
  readonly message: string;
  readonly at?: SourcePosition;
  /** Other places that belong to it, e.g. the first of two duplicates. */
  readonly related?: readonly SourcePosition[];
  readonly address?: string;
  /** What to do, where the message does not say it: usually the nearest right word. */
  readonly hint?: string;
  /** Names of the hosts that have it, where others that were compiled with them have not. */
  readonly onlyOn?: string;
}

/**
 * Every problem code: what it means and the exit code of a run that ends with it. Codes are never reused.
 * The reference in README.md is generated from this table.
 */
export const problemTable = {
  'yaml-syntax': { exit: 65, meaning: 'The file is not valid YAML.' },
  'not-utf8': { exit: 65, meaning: 'The file is not UTF-8 text, or holds a NUL character.' },
  'too-large': { exit: 65, meaning: 'A file or document exceeds its bound (size, depth, keys, files).' },
  'duplicate-key': { exit: 65, meaning: 'A mapping has the same key twice.' },
  'unknown-key': { exit: 65, meaning: 'A key that nothing reads.' },
  'unknown-file': { exit: 65, meaning: 'A file that nothing reads.' },
  'wrong-type': { exit: 65, meaning: 'A value of another type or form than the key takes.' },
  'missing-key': { exit: 65, meaning: 'A required key is absent.' },
  'missing-file': { exit: 65, meaning: 'A file that the configuration names does not exist.' },
  'unsafe-path': { exit: 65, meaning: 'A path that is relative, climbs with "..", or holds a NUL or newline.' },
  'unsafe-option': { exit: 65, meaning: 'An SSH option that a repository may not give to the machine of the operator.' },
  'not-a-file': { exit: 65, meaning: 'Something in the repository that is no regular file, or that cannot be read.' },
  unmerged: { exit: 65, meaning: 'A file of the working tree that git could not merge, before somebody has settled it.' },
  'unknown-kind': { exit: 65, meaning: 'No resource kind of that name.' },
  'unknown-role': { exit: 65, meaning: 'No role of that name.' },
  'unknown-host': { exit: 65, meaning: 'No host of that name in the inventory.' },
  'unknown-group': { exit: 65, meaning: 'A pattern or file names a group that the inventory does not have.' },
  'unknown-user': { exit: 65, meaning: 'The owner or group does not exist on this host and nothing creates it.' },
  'unknown-resource': { exit: 65, meaning: '"after" or "notify" names a resource that the catalog does not have.' },
  'bad-host-name': { exit: 65, meaning: 'A host or group name with characters that names cannot have.' },
  'bad-pattern': { exit: 65, meaning: 'A host pattern that cannot be read.' },
  'bad-ban-pattern': { exit: 65, meaning: 'A banned pattern that is not a regular expression, or one that could take too long.' },
  'bad-inventory': { exit: 65, meaning: 'The inventory is not one that Ansible would read.' },
  'role-parameter': { exit: 65, meaning: "A role parameter that does not fit the role's own JSON Schema." },
  'duplicate-resource': { exit: 65, meaning: 'Two resources manage the same thing.' },
  contradiction: { exit: 65, meaning: 'Two resources that cannot both be had.' },
  'below-file': {
    exit: 65,
    meaning: 'A path below one that another resource makes a file or a link, or wants no directory to be.',
  },
  cycle: { exit: 65, meaning: 'Resources, roles or variables depend on each other in a circle.' },
  'not-refreshable': { exit: 65, meaning: '"notify" names a resource whose kind cannot be refreshed.' },
  'undefined-variable': { exit: 65, meaning: 'A template uses a variable that no layer defines.' },
  'template-syntax': { exit: 65, meaning: 'A template that cannot be parsed.' },
  'template-failed': { exit: 65, meaning: 'A template or filter failed while rendering.' },
  'secret-not-allowed': { exit: 65, meaning: 'A secret was used where its text would be visible.' },
  'unknown-fact': { exit: 65, meaning: 'What depends on a fact of another host; told nowhere, and left to that host.' },
  'secret-unreadable': { exit: 65, meaning: 'A secret cannot be decrypted with the identities of this host.' },
  'bad-schedule': { exit: 65, meaning: 'A cron schedule that cron would not accept.' },
  'bad-provider-chain': {
    exit: 65,
    meaning: 'A slot of a provider chain that names no provider, lacks its URL or stands there twice.',
  },
  'banned-provider': { exit: 7, meaning: 'A banned provider in a config, a rendered file or a live file.' },
  'base-url-denied': { exit: 7, meaning: 'A provider base URL outside the allowed ones.' },
  'portfolio-rule': { exit: 7, meaning: 'Critical agents share their first provider slots, or a chain lacks a local end.' },
  'destroy-budget': { exit: 7, meaning: 'The plan deletes more than policy allows in one run.' },
  'empty-catalog': { exit: 7, meaning: 'Nothing is desired any more, but the ledger is not empty.' },
  'protected-path': { exit: 7, meaning: 'A path that policy protects, or that lies outside the allowed ones.' },
  'command-denied': { exit: 7, meaning: 'A command, unit or package that the host policy does not allow.' },
  'fetch-denied': { exit: 7, meaning: 'Something is to be fetched from where the host policy does not allow it.' },
  'special-mode': {
    exit: 7,
    meaning: 'A file is to be setuid, setgid or writable by everybody, and the host policy does not name it.',
  },
  'max-shrink': { exit: 7, meaning: 'A file would lose more of its size than max_shrink allows.' },
  'schema-conflict': {
    exit: 7,
    meaning: 'A database differs from its schema in a way that cannot be changed without risk to its rows.',
  },
  'unsatisfiable-package': {
    exit: 7,
    meaning:
      'apt cannot make the packages so: an unknown name or version, a missing dependency, a hold, or other packages in the way.',
  },
  'not-writable': { exit: 7, meaning: 'The user who runs this cannot write where the plan has to.' },
  'symlink-in-path': { exit: 7, meaning: 'A managed path leads through a symbolic link.' },
  'unsafe-target': {
    exit: 7,
    meaning: 'The target is a device, a fifo, a socket, a hard link, a mount point, or stands in an unsafe directory.',
  },
  'readable-secret': { exit: 7, meaning: 'A secret would be written into a file that everybody may read, and no mode says so.' },
  'unreadable-target': { exit: 7, meaning: 'A live file that is to be edited by key is not of its format.' },
  quarantined: { exit: 7, meaning: 'This revision failed here and was rolled back.' },
  'outside-window': { exit: 7, meaning: 'The agent has changes to make, but no maintenance window is open.' },
  'needs-approval': { exit: 7, meaning: 'Policy lets the agent make these changes only after `reconcile approve RUN`.' },
  'bad-remote': { exit: 65, meaning: 'A remote of the host policy that cannot be followed as it is written there.' },
  'remote-failed': { exit: 1, meaning: 'No remote gave its revision; the last good one stays.' },
  'not-pushed': { exit: 7, meaning: 'A host without a remote, to which no revision was pushed that is still there.' },
  'old-revision': { exit: 7, meaning: 'A revision that is older than the one that was applied here.' },
  'history-rewritten': { exit: 7, meaning: 'A revision that is not on top of the one that was applied here.' },
  'untrusted-commit': { exit: 7, meaning: 'A commit without the signature that the host policy asks for.' },
  'trust-lost': { exit: 7, meaning: 'Which revisions this host trusts cannot be told any more.' },
  'cannot-confirm': {
    exit: 7,
    meaning: 'A change that could cut the host off, where nothing can take it back when nobody confirms it.',
  },
  'stale-plan': { exit: 7, meaning: 'The host or the revision has moved since the plan was made.' },
} as const satisfies Record<string, { readonly exit: 1 | 7 | 65; readonly meaning: string }>;

export type ProblemCode = keyof typeof problemTable;

/** What is wrong where what was written must not be told: `a mapping has the same key twice`. */
export const inGeneral = (code: ProblemCode): string =>
  problemTable[code].meaning.replace(/^[A-Z](?![A-Z])|\.$/g, (end) => (end === '.' ? '' : end.toLowerCase()));

/** `roles/golden_state/role.yaml:12:5`. */
export const formatPosition = ({ file, line, column }: SourcePosition): string => `${file}:${line}:${column}`;

/** What `formatPosition` wrote. */
export function parsePosition(text: string): SourcePosition {
  const [, file = text, line, column] = /^(.*):(\d+):(\d+)$/s.exec(text) ?? [];
  return { file, line: Number(line ?? 1), column: Number(column ?? 1) };
}

/** `file:line:column  message; hint`, the one form in which problems are shown. */
export function formatProblem({ at, address, message, hint }: Problem): string {
  const where = at ? `${formatPosition(at)}  ` : '';
  const subject = address && !message.includes(address) ? `${address}: ` : '';
  return `${where}${subject}${message}${hint ? `; ${hint}` : ''}`;
}
