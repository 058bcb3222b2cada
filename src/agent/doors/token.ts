import type { FastifyRequest } from 'fastify';
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FailureBudget } from './failure-budget.ts';
import { refuse } from './refuse.ts';
import type { DoorLog, DoorServer } from './server.ts';

interface TokenGuard {
  /** Undefined: nobody is let in. */
  readonly token: (() => Uint8Array) | undefined;
  readonly budget: FailureBudget;
  readonly log: DoorLog;
}

/** Lets only those pass to the routes of this scope who bring the token, and says so in their documentation. */
export function requireToken(scope: DoorServer, { token, budget, log }: TokenGuard): void {
  scope.addHook('onRoute', (route) => {
    route.config = { ...route.config, needsToken: true };
  });
  scope.addHook('onRequest', async (request, reply) => {
    if (!token) {
      return reply.code(403).send({
        error: 'the API is switched off here',
        hint: 'name a file with a token of 32 bytes or more (mode 0600) as agent.api_token_file in the host policy',
      });
    }
    if (isOfAnotherSite(request)) return reply.code(403).send({ error: 'another site asked in the name of this browser' });
    const given = tokenIn(request.headers.authorization ?? '');
    // Digests have one length, whatever was given.
    if (given !== undefined && timingSafeEqual(digest(given), digest(token()))) return undefined;
    // A browser asks so before it asks the person: nobody has guessed anything.
    if (request.headers.authorization === undefined)
      return reply
        .code(401)
        .header('www-authenticate', [...challenges])
        .send({ error });
    return refuse(request, reply, {
      budget,
      log,
      error,
      challenges,
      logged: 'a request to the API without the right token was refused',
    });
  });
}

const challenges = ['Bearer', 'Basic realm="reconcile", charset="UTF-8"'];
const error = 'the API needs "Authorization: Bearer TOKEN" with the right token; in a browser it is the password';

/** Browsers know Basic only: the token is the password there, and any name goes. */
function tokenIn(authorization: string): string | undefined {
  const [, scheme, value] = /^(Bearer|Basic) +(\S+)$/i.exec(authorization) ?? [];
  if (scheme === undefined || value === undefined || scheme.toLowerCase() === 'bearer') return value;
  const pair = Buffer.from(value, 'base64').toString();
  return pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : undefined;
}

/** Browsers send along what they know of this host with what other pages load from it; going there is a person's wish. */
const isOfAnotherSite = ({ headers }: FastifyRequest): boolean =>
  ['cross-site', 'same-site'].includes(String(headers['sec-fetch-site'])) && headers['sec-fetch-mode'] !== 'navigate';

const digest = (token: string | Uint8Array): Buffer => createHash('sha256').update(token).digest();
