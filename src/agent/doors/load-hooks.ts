import { createSecretKey, type KeyObject } from 'node:crypto';
import type { AgentPolicy } from '../../model/host-policy-document.ts';
import { ExitError } from '../../model/exit-error.ts';
import { openSecret, readSecret } from './read-secret.ts';
import type { DoorLog } from './server.ts';

type HookPolicy = AgentPolicy['hooks'][number];

export interface Hook extends HookPolicy {
  /** The secret, and the one before it while forges are being told of the new one. */
  keys(): readonly KeyObject[];
}

/** Reads the secrets; throws for one that cannot be used, and for hooks that could not be told apart or never be reached. */
export function loadHooks({ hooks, listen }: AgentPolicy, log: DoorLog): readonly Hook[] {
  if (hooks.length > 0 && !listen)
    throw new ExitError(
      'usage',
      'the host policy has hooks, but nothing to reach them at',
      'set agent.listen, or remove agent.hooks',
    );
  return hooks.map((policy, index) => {
    const { name } = policy;
    if (hooks.findIndex((each) => each.name === name) !== index)
      throw new ExitError(
        'usage',
        `two hooks of the host policy are called ${name}`,
        'the name is the end of the address: change one',
      );
    const secrets = secretFiles(policy).map((file) => openSecret(file, secretOf(name), log));
    return { ...policy, keys: () => secrets.map((read) => createSecretKey(read())) };
  });
}

/** Why secrets of the hooks and of the API cannot be used, if so; while the agent runs, it goes on with the last good ones. */
export const findUnusableSecrets = ({ hooks, api_token_file: token }: AgentPolicy): readonly ExitError[] =>
  [
    ...hooks.flatMap((hook) => secretFiles(hook).map((file) => [file, secretOf(hook.name)] as const)),
    ...(token === undefined ? [] : [[token, tokenPurpose] as const]),
  ].flatMap(([file, purpose]) => {
    try {
      readSecret(file, purpose);
      return [];
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      return [error];
    }
  });

const secretFiles = ({ secret_file: file, previous_secret_file: previous }: HookPolicy): readonly string[] =>
  previous === undefined ? [file] : [file, previous];

const secretOf = (hook: string): string => `secret of the hook ${hook}`;
export const tokenPurpose = 'API token';
