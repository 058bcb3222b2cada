import { createSecretKey, type KeyObject } from 'node:crypto';
import type { AgentPolicy } from '../../model/host-policy-document.ts';
import { AgentError } from '../agent-error.ts';
import { readSecret } from './read-secret.ts';

type HookPolicy = AgentPolicy['hooks'][number];

export interface Hook extends HookPolicy {
  /** The secret, and the one before it while forges are being told of the new one. */
  readonly keys: readonly KeyObject[];
}

/** Reads the secrets; throws for one that cannot be used, and for hooks that could not be told apart or never be reached. */
export function loadHooks({ hooks, listen }: AgentPolicy): readonly Hook[] {
  if (hooks.length > 0 && !listen)
    throw new AgentError('the host policy has hooks, but nothing to reach them at', 'set agent.listen, or remove agent.hooks');
  return hooks.map((policy, index) => {
    const { name, secret_file: file, previous_secret_file: previous } = policy;
    if (hooks.findIndex((each) => each.name === name) !== index)
      throw new AgentError(`two hooks of the host policy are called ${name}`, 'the name is the end of the address: change one');
    const files = previous === undefined ? [file] : [file, previous];
    return { ...policy, keys: files.map((each) => createSecretKey(readSecret(each, `secret of the hook ${name}`))) };
  });
}
