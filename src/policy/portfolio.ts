import type { Problem } from '../model/problem.ts';
import type { JudgeInput } from './judge-input.ts';
import type { HostChain } from '../model/host-chain.ts';
import { isLocalSlot } from '../model/provider-slot.ts';

/**
 * One provider's failure must not take two critical agents: no two of them have the same first two slots, each has enough
 * slots, and the last one needs no network.
 */
export function judgePortfolio({ policy, chains }: JudgeInput): readonly Problem[] {
  const { min_slots: minSlots, local_end: localEnd } = policy.portfolio;
  const found: Problem[] = [];
  const firstUses = new Map<string, HostChain>();
  for (const use of chains.filter(({ critical }) => critical)) {
    const { chain, host, address, at } = use;
    const refuse = (message: string, hint: string, related?: HostChain): void =>
      void found.push({
        code: 'portfolio-rule',
        message,
        address,
        ...(at && { at }),
        ...(related?.at && { related: [related.at] }),
        hint,
      });
    if (chain.length < minSlots)
      refuse(
        `the critical agent ${host} has ${chain.length} provider slots, ${minSlots} are needed`,
        'add fallbacks to its chain',
      );
    const last = chain.at(-1);
    if (localEnd && last && !isLocalSlot(last))
      refuse(
        `the chain of ${host} ends with ${last.provider}, which is not local`,
        'end it with a local provider such as ollama',
      );
    const [first, second] = chain;
    if (!first || !second) continue;
    const pair = [first, second].map(({ provider, model }) => `${provider}/${model}`.toLowerCase()).join(', ');
    const other = firstUses.get(pair);
    if (other && other.host !== host)
      refuse(`${host} and ${other.host} are critical and share slots 1 and 2 (${pair})`, 'give one of them another order', other);
    if (!other) firstUses.set(pair, use);
  }
  return found;
}
