import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { encryptAge } from '../../src/inventory/age.ts';
import { canaries, canariesIn, vaultText, type Canary } from './canaries.ts';
import { runCli, type CliResult } from './run-cli.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { writeBelow } from './write-below.ts';

/** Canaries in ansible-vault; the others are age secrets. */
const inVault: readonly Canary[] = ['yaml', 'ini', 'chained', 'nested', 'item_a', 'item_b', 'environment', 'checked', 'hashed'];
const vaultPassword = 'pw-of-the-vault';

/** A repository in which every canary has its place, for a live host whose targets all stand below `target`. */
export interface SecretRepository extends Disposable {
  readonly path: string;
  readonly target: string;
  readonly state: string;
  readonly env: Readonly<Record<string, string>>;
  /** The files that keep the identity and the vault password. */
  readonly keys: { readonly age: string; readonly vault: string };
  write(name: string, content: string | Uint8Array): void;
  /** `site.yaml` with these resources beside, or in place of, the role. */
  resources(yaml: string, options?: { readonly roles?: string }): void;
  secret(name: string, text: string): Promise<void>;
  /** Runs the built program on it as live host `box`. Everything that it prints is listened to. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): CliResult;
  /** Where canaries sang: in the output of all runs so far, and in the bytes of every file of the state directory. */
  heard(): readonly string[];
}

export async function makeSecretRepository(): Promise<SecretRepository> {
  const directory = temporaryDirectory();
  const inside = (name: string): string => join(directory.path, name);
  const [path, target, state] = [inside('config'), inside('target'), inside('state')];
  const write = (name: string, content: string | Uint8Array): void => writeBelow(path, name, content);
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  const keys = { age: inside('age.key'), vault: inside('vault.pass') };
  writeFileSync(keys.age, identity, { mode: 0o600 });
  writeFileSync(keys.vault, vaultPassword, { mode: 0o600 });
  const env = { RECONCILE_AGE_KEY_FILE: keys.age, RECONCILE_VAULT_PASSWORD_FILE: keys.vault, RECONCILE_STATE_DIR: state };
  mkdirSync(target);

  const secret = async (name: string, text: string): Promise<void> =>
    write(`desired-state/secrets/${name}.age`, await encryptAge(text, [recipient]));
  const ofAge = (Object.keys(canaries) as Canary[]).filter((name) => name !== 'filed' && !inVault.includes(name));
  for (const name of ofAge) await secret(name, canaries[name]);
  write('desired-state/secrets/recipients.txt', `# box\n${recipient}\n`);
  write('inventory/hosts.yml', 'all:\n  hosts:\n    box:\n');
  write('inventory/group_vars/all.yml', `target: ${target}\n${variables}`);
  write(
    'inventory/host_vars/box.yml',
    `vault_nested:\n  list:\n    - { key: ${vaultScalar('nested', 6)} }\n`.replace(/\{ key: ([\s\S]*) \}/, 'key: $1'),
  );
  write('inventory/group_vars/ungrouped.yml', vaultText(`filed: { key: ${canaries.filed} }\n${filedUrl}`, vaultPassword));
  write('roles/app/role.yaml', role);
  write(
    'roles/app/templates/app.conf',
    'public: line\ntemplate={{ secrets.template }}\n{{ secrets.template | upper }}\n{{ secrets.special }}\n{{ secrets.pem }}',
  );
  const resources: SecretRepository['resources'] = (yaml, { roles = withRole } = {}) =>
    write(
      'desired-state/site.yaml',
      `assignments:\n  - hosts: all\n    roles: ${roles}\n    resources:\n${yaml.trimEnd().replaceAll(/^/gm, '      ')}\n`,
    );
  resources(everyPlace);

  const heard: string[] = [];
  const listen = (where: string, bytes: string | Uint8Array): void => {
    for (const canary of canariesIn(bytes)) heard.push(`${where}: ${canary}`);
  };
  return {
    path,
    target,
    state,
    env,
    keys,
    write,
    resources,
    secret,
    run(args, more = {}) {
      const result = runCli(args, { cwd: path, env: { ...env, ...more } });
      listen(`standard output of ${args.join(' ')}`, result.stdout);
      listen(`standard error of ${args.join(' ')}`, result.stderr);
      return result;
    },
    heard() {
      for (const name of filesBelow(state)) listen(`state/${name}`, readFileSync(join(state, name)));
      return heard;
    },
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}

/** A template in a file that is encrypted as a whole. */
const filedUrl = 'filed_url: "postgres://app:{{ filed.key }}@db/app"\n';

/** A vault value for a YAML file, as `ansible-vault encrypt_string` would indent it. */
function vaultScalar(name: Canary, indent: number): string {
  const lines = vaultText(canaries[name], vaultPassword).split('\n');
  return `!vault |\n${lines.map((line) => ' '.repeat(indent + 4) + line).join('\n')}`;
}

function filesBelow(directory: string): readonly string[] {
  try {
    const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(directory.length + 1));
  } catch {
    return [];
  }
}

const variables = `
${inVault
  .filter((name) => name !== 'nested')
  .map((name) => `vault_${name}: ${vaultScalar(name, 0)}`)
  .join('\n')}
chained_url: "postgres://app:{{ vault_chained }}@db/app"
chained_twice: "{{ chained_url }}?ssl=1"
number: "{{ secrets.digits | int }}"
items:
  - { name: one, key: "{{ vault_item_a }}" }
  - { name: two, key: "{{ vault_item_b }}" }
document: "{{ secrets.document | from_json }}"
keyed: "{{ secrets.keyed | from_json }}"
`;

const role = `
summary: An application with secrets.
parameters:
  type: object
  properties:
    token: { type: string, minLength: 3 }
    options: { type: object, properties: { list: { additionalProperties: { type: array } } } }
    keyed: { type: object, default: "{{ secrets.keyed | from_json }}" }
    password: { type: string, default: "{{ secrets.fallback }}" }
resources:
  - { kind: file, path: "{{ target }}/app/token", content: "{{ token }}", mode: "0600" }
  - { kind: file, path: "{{ target }}/app/options", content: "{{ options | to_json }}", mode: "0600" }
  - { kind: file, path: "{{ target }}/app/keyed", content: "{% for key in keyed %}{{ key }}\\n{% endfor %}" }
  - { kind: file, path: "{{ target }}/app/password", content: "{{ password }}\\n", mode: "0440" }
  - { kind: file, path: "{{ target }}/app/app.conf", template: app.conf, mode: "0600" }
`;

const withRole = `[{ role: app, with: { token: "{{ secrets.parameter }}", options: { deep: ["{{ vault_nested.list[0].key }}"], port: "{{ number }}" } } }]`;

/** Every canary at work. */
export const everyPlace = `
- { kind: directory, path: "{{ target }}/etc", mode: "0755" }
- { kind: directory, path: "{{ target }}/app", mode: "0700" }
- { kind: file, path: "{{ target }}/etc/content", content: "a={{ secrets.content }}\\n{{ secrets.content | reverse }}", mode: "0600" }
- { kind: file, path: "{{ target }}/etc/pem", content: "{{ secrets.pem }}", mode: "0400" }
- { kind: file, path: "{{ target }}/etc/special", content: "{{ secrets.special }}", mode: "0600" }
- { kind: file, path: "{{ target }}/etc/short", content: "{{ secrets.short }}", mode: "0600" }
- { kind: file, path: "{{ target }}/etc/digits", content: "{{ secrets.digits | int }}", mode: "0600" }
- { kind: file, path: "{{ target }}/etc/number", content: "number {{ number }}\\n", mode: "0600" }
- { kind: file, path: "{{ target }}/etc/encoded", content: "{{ secrets.encoded | b64encode }}", mode: "0600" }
- { kind: file, path: "{{ target }}/etc/hashed", content: "{{ vault_hashed | hash('sha512') }} {{ vault_hashed | hash('md5') }}", mode: "0600" }
- { kind: file, path: "{{ target }}/etc/unasked", content: "{{ secrets.toml }}" }
- { kind: file, path: "{{ target }}/etc/chained", content: "{{ chained_twice }}", mode: "0600" }
- { kind: file, path: "{{ target }}/etc/nested", content: "{{ vault_nested.list[0].key }}", mode: "0600" }
- { kind: file, path: "{{ target }}/etc/filed", content: "{{ filed.key }} {{ filed_url }}", mode: "0600" }
- { kind: file, path: "{{ target }}/etc/seeded", content: "{{ secrets.seeded }}", mode: "0600", create_only: true }
- { kind: file, path: "{{ target }}/etc/plain", content: "nothing here\\n", when: "secrets.condition == 'canary-condition-oC26'" }
- { kind: file, path: "{{ target }}/etc/document", content: "{{ document.user }} {{ document.port }}", mode: "0600" }
- { kind: file, path: "{{ target }}/etc/item-{{ item.name }}", for_each: "{{ items }}", content: "{{ item.key }}", mode: "0600" }
- { kind: file, path: "{{ target }}/etc/keyed", content: "{% for key in keyed %}{{ key }}\\n{% endfor %}" }
- { kind: file, path: "{{ target }}/etc/keys", content: "{{ keyed | dict2items | map(attribute='key') | join(' ') }}" }
- { kind: config, path: "{{ target }}/etc/c.yaml", set: { api.key: "{{ vault_yaml }}", plain.a: 1, port: "{{ document.port }}", list: [a, "{{ vault_nested.list[0].key }}"], deep: "{{ vault_nested }}" }, mode: "0600" }
- { kind: config, path: "{{ target }}/etc/c.json", set: { harmless: "{{ secrets.json }}", special: "{{ secrets.special }}" }, mode: "0600" }
- { kind: config, path: "{{ target }}/etc/c.toml", set: { harmless.name: "{{ secrets.toml }}", pem: "{{ secrets.pem }}" }, mode: "0600" }
- { kind: config, path: "{{ target }}/etc/c.ini", set: { main.name: "{{ vault_ini }}" }, mode: "0600" }
- { kind: config, path: "{{ target }}/etc/c.env", format: dotenv, set: { NAME: "{{ secrets.dotenv }}" }, mode: "0600" }
- { kind: file, path: "{{ target }}/etc/checked", content: "{{ vault_checked }}", mode: "0600", validate: [grep, -q, canary, "%s"] }
- { kind: command, name: with-env, argv: [sh, -c, 'printf %s "$KEY" > "$0"', "{{ target }}/etc/made"], creates: "{{ target }}/etc/made", env: { KEY: "{{ vault_environment }}", OTHER: "{{ secrets.printed }}" } }
`;
