import type { Inventory, Variable } from '../inventory/inventory.ts';
import { isHostName } from '../inventory/names.ts';
import { selectHosts } from '../inventory/select-hosts.ts';
import type { Target } from '../model/fleet.ts';
import { isObject } from '../model/json.ts';
import type { WithProblems } from '../model/located.ts';
import type { Problem } from '../model/problem.ts';
import { Secret } from '../model/secret.ts';
import type { Evaluate } from './host-evaluator.ts';
import { isPath, readSshWords } from './ssh/ssh-words.ts';
import { isUserName } from './ssh/user-name.ts';

interface FoundTargets extends WithProblems {
  /** In the order of the pattern. */
  readonly targets: readonly Target[];
}

/** Each with its older names; of several that are set, the first counts. */
const names = {
  address: ['ansible_host', 'ansible_ssh_host'],
  port: ['ansible_port', 'ansible_ssh_port'],
  user: ['ansible_user', 'ansible_ssh_user'],
  identity: ['ansible_ssh_private_key_file', 'ansible_private_key_file'],
  connection: ['ansible_connection'],
  become: ['ansible_become', 'ansible_sudo', 'ansible_su'],
  becomeUser: ['ansible_become_user', 'ansible_sudo_user'],
  becomeMethod: ['ansible_become_method'],
} as const;
const optionNames = ['ansible_ssh_common_args', 'ansible_ssh_extra_args'] as const;
const sshConnections = new Set(['ssh', 'smart', 'paramiko', 'paramiko_ssh', 'ansible.builtin.ssh']);
const yes: ReadonlySet<unknown> = new Set([true, 1, 'yes', 'true', 'on', '1', 'y', 't']);
const no: ReadonlySet<unknown> = new Set([false, 0, 'no', 'false', 'off', '0', 'n', 'f', '']);

/**
 * The hosts that an Ansible host pattern selects, and how their connection variables, templates or not, say that they are reached. What is
 * wrong with these stands at the variable, and with the host: others have no part in it. Nothing is started and nothing looked up.
 */
export async function findTargets(inventory: Inventory, pattern: string | readonly string[]): Promise<FoundTargets> {
  const { hosts, problems: refused } = selectHosts(inventory.withMisnamed ?? inventory, pattern);
  // Without a template nobody waits for the compiler to be loaded.
  const evaluatorOf = hosts.some((host) => hasTemplate(inventory.variables(host)))
    ? (await import('./host-evaluator.ts')).hostEvaluator
    : undefined;
  // Many hosts may have variables of the same file.
  const problems = new Set(refused);
  const targets = hosts.flatMap((host) => {
    const unread = inventory.problemsOf(host);
    unread.forEach((problem) => problems.add(problem));
    if (unread.length > 0) return [];
    const misnamed = inventory.misnamed.get(host);
    const found: Problem[] = misnamed ? [misnamed] : [];
    const variables = inventory.variables(host);
    const evaluate = hasTemplate(variables) ? evaluatorOf?.(inventory, host) : undefined;
    const target = toTarget(host, { variables, evaluate }, (problem) => found.push(problem));
    return [found.length === 0 ? target : { ...target, problems: found }];
  });
  return { targets, problems: [...problems] };
}

const connectionNames = [...Object.values(names).flat(), ...optionNames];
const isTemplate = (value: unknown): value is string => typeof value === 'string' && /\{[{%#]/.test(value);
const hasTemplate = (variables: ReadonlyMap<string, Variable>): boolean =>
  connectionNames.some((name) => isTemplate(variables.get(name)?.value));

type Report = (problem: Problem) => void;

interface Known {
  readonly variables: ReadonlyMap<string, Variable>;
  /** Undefined where no variable needs it. */
  readonly evaluate: Evaluate | undefined;
}

type Read = <T>(aliases: readonly string[], convert: (value: unknown) => T | undefined, expected: string) => T | undefined;

/** Reads the value of the first name that is set; what is wrong with it is reported. */
function variableReader(name: string, { variables, evaluate }: Known, report: Report): Read {
  return (aliases, convert, expected) => {
    const set = aliases.find((each) => (variables.get(each)?.value ?? null) !== null);
    if (set === undefined) return undefined;
    const { value: written, at } = variables.get(set)!;
    const refuseSecret = (): void => {
      const message = `"${set}" of ${name} is encrypted by ansible-vault; how a host is reached is no secret here`;
      report({ code: 'secret-not-allowed', message, at, hint: 'write it into a file that is not encrypted' });
    };
    const explain = (problem: Problem): void => {
      if (problem.code === 'secret-unreadable') refuseSecret();
      else report({ ...problem, message: `"${set}" of ${name}: ${problem.message}` });
    };
    const value = evaluate && isTemplate(written) ? evaluate(written, at, explain) : written;
    // Undefined: that was told. Null: as if it were not set.
    if (value === undefined || value === null) return undefined;
    if (value instanceof Secret || (isObject(value) && '__ansible_vault' in value)) {
      refuseSecret();
      return undefined;
    }
    const converted = convert(value);
    if (converted === undefined) report({ code: 'wrong-type', message: `"${set}" of ${name}: expected ${expected}`, at });
    return converted;
  };
}

function toTarget(name: string, known: Known, report: Report): Target {
  const { variables } = known;
  const read = variableReader(name, known, report);
  /** Other values there are, but not here. */
  const expectOnly = (aliases: readonly [string, ...string[]], only: string): void => {
    const value = read(aliases, text, only);
    if (value === undefined || value === only) return;
    const [variable] = aliases;
    const at = variables.get(variable)?.at;
    const message = `"${variable}" of ${name} is ${JSON.stringify(value.slice(0, 80))}; expected ${only}`;
    report({ code: 'wrong-type', message, ...(at && { at }) });
  };

  const connection = read(names.connection, text, 'ssh') ?? 'ssh';
  expectOnly(names.becomeMethod, 'sudo');
  expectOnly(names.becomeUser, 'root');
  const sshOptions = optionNames.flatMap((variable) => {
    const line = read([variable], (value) => (typeof value === 'string' ? value : undefined), 'a text');
    if (line === undefined) return [];
    const { options, refused } = readSshWords(line);
    const { at } = variables.get(variable)!;
    for (const { message, hint } of refused)
      report({ code: 'unsafe-option', message: `"${variable}" of ${name}: ${message}`, at, ...(hint !== undefined && { hint }) });
    return options;
  });
  return {
    name,
    ...(!sshConnections.has(connection) && { otherConnection: connection }),
    address:
      read(names.address, matching(isHostName), 'a host name or address, without spaces and not beginning with "-"') ?? name,
    port: read(names.port, toPort, 'a port from 1 to 65535'),
    user: read(names.user, matching(isUserName), 'the name of an account, not beginning with "-"'),
    identity: read(names.identity, matching(isPath), 'the path of a key file, not beginning with "-"'),
    sshOptions,
    become: read(names.become, toTruth, 'yes or no') ?? false,
  };
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

const matching =
  (isRight: (value: string) => boolean) =>
  (value: unknown): string | undefined => {
    const found = text(value);
    return found !== undefined && isRight(found) ? found : undefined;
  };

function toTruth(value: unknown): boolean | undefined {
  const word = typeof value === 'string' ? value.toLowerCase() : value;
  return yes.has(word) ? true : no.has(word) ? false : undefined;
}

function toPort(value: unknown): number | undefined {
  const port = typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : value;
  return typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}
