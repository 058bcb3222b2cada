import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FailureBudget } from './failure-budget.ts';
import type { DoorLog } from './server.ts';

interface Refusal {
  readonly budget: FailureBudget;
  readonly log: DoorLog;
  /** What the one who asked is told: nothing that helps to guess. */
  readonly error: string;
  /** What would let in (RFC 9110, 11.6.1); `Bearer` unless told. */
  readonly challenges?: readonly string[];
  /** What the log is told. */
  readonly logged: string;
}

/** 401, always with the same text; 429 and nothing in the log for those who keep trying. */
export function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  { budget, log, error, challenges = ['Bearer'], logged }: Refusal,
): FastifyReply {
  void reply.header('connection', 'close');
  if (!budget(request.ip)) return reply.code(429).header('retry-after', '60').send({ error: 'too many failures' });
  log.warn({ address: request.ip }, logged);
  return reply
    .code(401)
    .header('www-authenticate', [...challenges])
    .send({ error });
}
