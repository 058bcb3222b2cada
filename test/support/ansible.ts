import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeBelow } from './write-below.ts';

/** An inventory as files below `inventory/`, with the patterns to evaluate on it. */
export interface OracleCase {
  readonly files: { readonly [path: string]: string };
  readonly patterns: readonly string[];
  /** A host to ask for. */
  readonly host?: string;
}

export interface OracleAnswer {
  /** `ansible-inventory --list`; null when Ansible fails. */
  readonly list: unknown;
  /** `ansible-inventory --graph`. */
  readonly graph: string | null;
  /** `ansible-inventory --host`; null where none was asked for. */
  readonly host: unknown;
  /** Hosts per pattern; null where Ansible fails. */
  readonly patterns: { readonly [pattern: string]: readonly string[] | null };
  readonly failed: string | null;
}

const python = '/usr/bin/python3';
const oracle = fileURLToPath(new URL('ansible-oracle.py', import.meta.url));

/** Why there is no Ansible to compare with; undefined where there is one. */
export const noAnsible: string | undefined = existsSync('/usr/bin/ansible-inventory')
  ? undefined
  : 'skipped: /usr/bin/ansible-inventory is not installed (Debian package ansible-core)';

/** What Ansible makes of the inventories, in one process for all of them; with the password of what ansible-vault has encrypted in them. */
export function askAnsible(cases: readonly OracleCase[], vaultPassword?: string): readonly OracleAnswer[] {
  const directory = mkdtempSync(join(tmpdir(), 'reconcile-ansible-'));
  try {
    const input = cases.map(({ files, patterns, host }, index) => {
      const root = join(directory, String(index), 'inventory');
      for (const [path, text] of Object.entries(files)) writeBelow(root, path, text);
      return { directory: root, patterns, host: host ?? null };
    });
    const work = join(directory, 'work');
    mkdirSync(work);
    const passwordFile = join(directory, 'vault.txt');
    if (vaultPassword !== undefined) writeFileSync(passwordFile, vaultPassword);
    const env = {
      ...(vaultPassword !== undefined && { ANSIBLE_VAULT_PASSWORD_FILE: passwordFile }),
      PATH: '/usr/bin:/bin',
      HOME: work,
      ANSIBLE_INVENTORY_ENABLED: 'yaml',
      ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED: 'true',
    };
    const options = { input: JSON.stringify(input), cwd: work, env, encoding: 'utf8', maxBuffer: 2 ** 28 } as const;
    const { stdout, status, error } = spawnSync(python, [oracle], options);
    if (status !== 0) throw new Error(`the Ansible oracle failed with ${status}`, { cause: error });
    return JSON.parse(stdout) as readonly OracleAnswer[];
  } finally {
    rmSync(directory, { recursive: true });
  }
}
