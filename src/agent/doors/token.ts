import { createHash, timingSafeEqual } from 'node:crypto';
import type { FailureBudget } from './failure-budget.ts';
import { refuse } from './refuse.ts';
import type { DoorLog, DoorServer } from './server.ts';

interface TokenGuard {
  /** Undefined: nobody is let in. */
  readonly token: Uint8Array | undefined;
  readonly budget: FailureBudget;
  readonly log: DoorLog;
}

/** Lets only those pass to the routes of this scope who bring the token, and says so in their documentation. */
export function requireToken(scope: DoorServer, { token, budget, log }: TokenGuard): void {
  const wanted = token && digest(token);
  scope.addHook('onRoute', (route) => {
    route.config = { ...route.config, needsToken: true };
  });
  scope.addHook('onRequest', async (request, reply) => {
    if (!wanted) {
      return reply.code(403).send({
        error: 'the API is switched off here',
        hint: 'name a file with a token of 32 bytes or more (mode 0600) as agent.api_token_file in the host policy',
      });
    }
    const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    // Digests have one length, whatever was given.
    if (given !== undefined && timingSafeEqual(digest(given), wanted)) return undefined;
    return refuse(request, reply, {
      budget,
      log,
      error: 'the API needs "Authorization: Bearer TOKEN" with the right token',
      logged: 'a request to the API without the right token was refused',
    });
  });
}

const digest = (token: string | Uint8Array): Buffer => createHash('sha256').update(token).digest();
