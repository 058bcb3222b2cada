import { isLoopback } from '../model/contact.ts';
import { isDone } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import { compileGlobs } from './glob.ts';
import { placeOf, type JudgeInput } from './judge-input.ts';

/** Every host that a step would fetch from must be allowed by the host policy, and http to anywhere but this host itself. */
export function judgeFetches({ plan, hostPolicy, contactsOf }: JudgeInput): readonly Problem[] {
  const allow = compileGlobs(hostPolicy.fetch.hosts, { name: 'host policy fetch.hosts', path: [] });
  const denied = plan.steps.filter(isDone).flatMap((step) =>
    contactsOf(step).flatMap(({ host, scheme }): Problem[] => {
      const about = { code: 'fetch-denied' as const, ...placeOf(step) };
      if (allow.match(host) === undefined) {
        const hint = 'only the owner of the host can add it to fetch.hosts in host.yaml';
        return [{ ...about, message: `the host policy does not allow to fetch from ${host}`, hint }];
      }
      if (scheme !== 'http' || hostPolicy.fetch.http || isLoopback(host)) return [];
      const hint = 'use https; only the owner of the host can set fetch.http in host.yaml';
      return [{ ...about, message: `the host policy does not allow to fetch from ${host} without encryption`, hint }];
    }),
  );
  return [...allow.problems, ...denied];
}
