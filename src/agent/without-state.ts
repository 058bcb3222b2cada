import type { Follower } from '../model/follower.ts';
import type { Memory } from '../model/reporter.ts';
import { openAgentState, type AgentState } from '../state/agent-state.ts';
import { StateError } from '../state/state-error.ts';

/** What an agent works with that only tells people why it does nothing else. */
interface Bare {
  readonly state: AgentState;
  readonly follower: Follower;
}

/** Where revisions are judged: without it none is. */
const ofTrust = 'source';

/**
 * For an agent whose own state cannot be used because of `error`: it is to say so over every way that it has, and not to end. What it
 * tells is remembered as long as it runs; each look tries the state again, and calls `back` when that can be used.
 */
export function withoutState(stateDirectory: string, error: StateError, back: () => void): Bare {
  const fail = (): never => {
    throw error;
  };
  const remembered = (): Memory => {
    const values = new Map<string, unknown>();
    return {
      get: (name) => structuredClone(values.get(name)),
      set: (name, value) => void values.set(name, structuredClone(value)),
    };
  };
  const close = (): void => undefined;
  return {
    state: {
      memory: (part) => (part === ofTrust ? { get: fail, set: fail } : remembered()),
      isReplaced: () => false,
      close,
      [Symbol.dispose]: close,
    },
    follower: {
      look() {
        openAgentState(stateDirectory).close();
        back();
        return fail();
      },
      accept: fail,
      isOvertaken: fail,
      forsake: fail,
      lastGood: () => undefined,
    },
  };
}
