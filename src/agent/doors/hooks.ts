import { createSecretKey, randomBytes } from 'node:crypto';
import * as z from 'zod';
import type { AgentPort } from '../../model/agent.ts';
import type { FailureBudget } from './failure-budget.ts';
import type { Hook } from './load-hooks.ts';
import { readNews, type News } from './news.ts';
import { openDedupe } from './recent-news.ts';
import { refuse } from './refuse.ts';
import { failure, type DoorLog, type DoorServer } from './server.ts';
import { isSigned, readEvent, type Headers } from './signature.ts';

/** What became of a delivery, as the metrics count it. */
export type HookResult = 'accepted' | 'duplicate' | 'ignored' | 'malformed' | 'foreign' | 'refused';

interface HookDoor {
  readonly hooks: readonly Hook[];
  readonly port: AgentPort;
  /** Whether a look pays for pull requests. */
  readonly plansPulls: boolean;
  readonly budget: FailureBudget;
  readonly log: DoorLog;
  readonly now: () => number;
  readonly count: (hook: string, result: HookResult) => void;
}

/** One text for every reason: it must not help to guess. The log of the forge shows it to its administrator. */
const unsigned = 'no hook of this name takes this signature: compare name, kind of forge and secret with the host policy';

const schema = {
  summary:
    'A forge tells of a push, or of a pull request, with the HMAC-SHA256 of the body in X-Gitea-Signature, X-Forgejo-Signature or X-Hub-Signature-256.',
  params: z.object({ name: z.string() }),
  body: z.instanceof(Buffer).meta({ description: 'The event as the forge sends it.' }),
  response: {
    202: z.object({ run: z.string() }).meta({ description: 'This run will look.' }),
    204: z
      .undefined()
      .meta({ description: 'Nothing to look at: another event, branch or tag, a deleted branch, a closed pull request.' }),
    400: failure.meta({ description: 'Signed, but not what its headers say.' }),
    401: failure.meta({ description: 'Not signed by a forge that is known here.' }),
    403: failure.meta({ description: 'Signed, but of a repository that the hook is not for.' }),
    413: failure,
    415: failure,
    429: failure,
  },
};

/**
 * `POST /hooks/NAME`. A forge delivers once and waits a few seconds, so a good hook is never turned away and is answered at
 * once; what it says is only used to tell whether looking pays.
 */
export async function addHooks(server: DoorServer, door: HookDoor): Promise<void> {
  const { hooks, port, budget, log, now, count } = door;
  const decoy = [createSecretKey(randomBytes(32))];
  const dedupe = openDedupe(now);
  await server.register(async (scope: DoorServer) => {
    takeOnlyJson(scope);
    scope.post('/hooks/:name', { schema }, async (request, reply) => {
      const { name } = request.params;
      const headers = request.raw.headersDistinct;
      const hook = hooks.find((each) => each.name === name);
      if (!isSigned(hook?.forge ?? 'gitea', headers, request.body, hook?.keys() ?? decoy) || !hook) {
        count(hook?.name ?? 'unknown', 'refused');
        const logged = hook ? `a delivery to the hook ${name} was not signed with its secret` : 'a delivery to no known hook';
        return refuse(request, reply, { budget, log, error: unsigned, logged });
      }
      const news = judge(hook, headers, request.body, door);
      if (typeof news !== 'string') {
        const { run, isNew } = dedupe(name, news, () => port.trigger('webhook').run);
        count(name, isNew ? 'accepted' : 'duplicate');
        return reply.code(202).send({ run });
      }
      count(name, news);
      if (news === 'ignored') return reply.code(204).send();
      log.warn({ hook: name }, `a signed hook was not taken: ${news}`);
      if (news === 'malformed') return reply.code(400).send({ error: 'this is not the event that its headers name' });
      return reply
        .code(403)
        .send({ error: 'the hook is not for this repository', hint: 'the host policy lists those it is for' });
    });
  });
}

/** What was signed are the bytes: they are kept as they came, and nothing is parsed before they are known to be the forge's. */
function takeOnlyJson(scope: DoorServer): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  scope.addHook('onRequest', async ({ headers }, reply) => {
    const isJson = /^application\/json *(;|$)/i.test(headers['content-type'] ?? '');
    if (isJson && headers['content-encoding'] === undefined) return undefined;
    void reply.header('connection', 'close');
    return reply.code(415).send({ error: 'a hook takes application/json, without content encoding' });
  });
}

/** What a signed event tells that is worth a look, or why there is nothing. */
function judge(
  hook: Hook,
  headers: Headers,
  body: Buffer,
  { plansPulls }: Pick<HookDoor, 'plansPulls'>,
): News | 'ignored' | 'malformed' | 'foreign' {
  const event = readEvent(hook.forge, headers);
  if (event !== 'push' && !(event === 'pull_request' && plansPulls)) return 'ignored';
  let news: News | undefined;
  try {
    news = readNews(event, body);
  } catch {
    return 'malformed';
  }
  if (!news) return 'ignored';
  // Forges take the names of repositories in any case.
  const name = news.repository.toLowerCase();
  if (!hook.repositories.some((each) => each.toLowerCase() === name)) return 'foreign';
  return hook.branches.includes(news.branch) ? news : 'ignored';
}
