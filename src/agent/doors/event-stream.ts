import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ServerResponse } from 'node:http';
import type { AgentEvent, AgentPort } from '../../model/agent.ts';
import { keepOpen } from './connections.ts';

interface EventStream {
  /** Answers with everything that happens from now on, beginning with the status as it is. */
  attach(request: FastifyRequest, reply: FastifyReply): FastifyReply;
  count(): number;
  close(): void;
}

const mostListeners = 16;
/** Bytes that may wait for a listener; one that is slower is dropped, and can come again. */
const mostWaiting = 4 * 1024 * 1024;
/** Milliseconds. Proxies close what is silent. */
const heartbeat = 15_000;

/** Server-sent events for those who watch: every event as JSON, its type as the name. */
export function openEventStream(port: AgentPort): EventStream {
  const listeners = new Set<ServerResponse>();
  const send = (listener: ServerResponse, text: string): void => {
    if (listener.writableLength > mostWaiting) listener.destroy();
    else listener.write(text);
  };
  const sendAll = (text: string): void => listeners.forEach((listener) => send(listener, text));
  const unsubscribe = port.subscribe((event) => {
    if (listeners.size > 0) sendAll(eventText(event));
  });
  const timer = setInterval(sendAll, heartbeat, ': still there\n\n').unref();
  return {
    attach({ raw: { socket } }, reply) {
      if (listeners.size >= mostListeners)
        return reply
          .code(503)
          .header('retry-after', '60')
          .send({ error: `${mostListeners} clients listen already`, hint: 'close one of them' });
      void reply.hijack();
      const listener = reply.raw;
      listeners.add(listener);
      listener.once('close', () => listeners.delete(listener));
      keepOpen(socket);
      // nginx would keep them until it has some kilobytes.
      const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
      listener.writeHead(200, headers);
      send(listener, eventText({ type: 'status', status: port.status() }));
      return reply;
    },
    count: () => listeners.size,
    close() {
      clearInterval(timer);
      unsubscribe();
      for (const listener of listeners) listener.end();
    },
  };
}

const eventText = (event: AgentEvent): string => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
