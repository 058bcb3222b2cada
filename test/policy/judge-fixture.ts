import { policyDocument } from '../../src/model/document.ts';
import { hostPolicyDocument } from '../../src/model/host-policy-document.ts';
import type { Action, Change, Step } from '../../src/model/plan.ts';
import type { JudgeInput, PolicyText } from '../../src/policy/judge-input.ts';
import type { HostChain } from '../../src/model/host-chain.ts';
import type { ProviderSlot } from '../../src/model/provider-slot.ts';

interface StepOptions {
  readonly action?: Action | 'none';
  readonly cause?: Step['cause'];
  readonly changes?: readonly Change[];
  readonly prune?: 'yes' | 'no' | 'confirm';
  readonly held?: Step['held'];
  readonly kind?: string;
}

/** A step for one path, declared in line 3 of a role. */
export function makeStep(
  path: string,
  { action = 'update', cause, changes = [], prune = 'yes', held, kind = 'file' }: StepOptions = {},
): Step {
  const address = `${kind}[${path}]`;
  return {
    address,
    resource: {
      address,
      kind,
      id: path,
      desired: {},
      digest: '0',
      origin: { at: { file: 'roles/web/role.yaml', line: 3, column: 5 }, role: 'web', assignment: 0, variables: [] },
      after: [],
      notify: [],
      tags: [],
      onDrift: 'heal',
      prune,
      sensitive: false,
      mode: 'enforce',
    },
    cause: cause ?? (action === 'remove' ? 'orphan' : action === 'none' ? 'converged' : 'upstream'),
    diff: action === 'none' ? { action } : { action, changes },
    ...(held && { held }),
    sensitive: false,
    refreshes: [],
  };
}

export interface InputOptions extends Partial<Omit<JudgeInput, 'plan' | 'policy' | 'hostPolicy'>> {
  readonly steps?: readonly Step[];
  readonly policy?: object;
  readonly hostPolicy?: object;
}

/** An input that is allowed, with what the test changes. Each step touches the path it is named after. */
export function makeInput({
  steps = [makeStep('/srv/a')],
  policy = {},
  hostPolicy = {},
  ...rest
}: InputOptions = {}): JudgeInput {
  return {
    plan: { host: 'allegro', steps, batches: [], owed: [], digest: '0' },
    policy: policyDocument.parse(policy),
    hostPolicy: hostPolicyDocument.parse(hostPolicy),
    policyAt: (path) => ({ file: 'desired-state/policy.yaml', line: Number(path.at(-1)) + 1, column: 1 }),
    kindNames: ['authorized_key', 'file', 'link', 'service'],
    chains: [],
    urls: () => [],
    texts: () => [],
    catalogSize: steps.filter(({ cause }) => cause !== 'orphan').length,
    ledgerSize: steps.length,
    stateDirectory: '/var/lib/timmy-reconciler',
    commandsOf: () => [],
    unitsOf: () => [],
    contactsOf: () => [],
    packagesOf: () => [],
    pathsOf: (step) => [step.resource.id],
    writesOf: () => [],
    modesOf: () => [],
    ...rest,
  };
}

const kimi = { provider: 'kimi-coding', model: 'kimi-k2.5', base_url: 'https://api.kimi.example/coding/v1' };
const gemini = { provider: 'openrouter', model: 'google/gemini-2.5-pro' };
const local = { provider: 'ollama', model: 'gemma3:1b', base_url: 'http://localhost:11434/v1' };

export const slots = { kimi, gemini, local } as const;

/** A critical chain with four slots and a local end. */
export function makeChain(host: string, chain: readonly ProviderSlot[] = [kimi, gemini, local, local]): HostChain {
  const at = { file: `inventory/host_vars/${host}.yml`, line: 2, column: 3 };
  return { host, critical: true, address: `provider_chain[/srv/${host}/config.yaml]`, chain, at };
}

/** The chain of one critical host, whose first slot has this URL. */
export const withUrl = (base_url: string) => ({ chains: [makeChain('allegro', [{ ...kimi, base_url }, gemini, local, local])] });

/** A policy that bans two words. */
export const bans = { banned: { patterns: ['anthropic', '\\bclaude-'] } };

/** One text in which policy looks for them. */
export const textWith = (
  where: PolicyText['where'],
  content: string,
  name = 'desired-state/files/config.yaml',
  path?: string,
) => ({
  texts: () => [{ where, name, text: content, ...(path && { path }) }],
});
