import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';

type ClientError = Error & { readonly code?: string };

const answers: Readonly<Record<string, readonly [status: number, error: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request came too slowly'],
  HPE_HEADER_OVERFLOW: [431, 'the headers of the request are too large'],
};

/**
 * Turns away what is no request, and what is too slow. Node looks at its clock before it reads: who has sent everything while the agent
 * was busy is only late here, so what has come is read once before somebody is called slow.
 */
export function turnAwayClients(): { readonly watch: (server: Server) => void; readonly turnAway: typeof refuse } {
  const latest = new WeakMap<Socket, IncomingMessage>();
  const isWhole = (socket: Socket): boolean => latest.get(socket)?.complete === true;
  return {
    watch: (server) => void server.on('request', (message) => latest.set(message.socket, message)),
    turnAway(error, socket) {
      if (error.code !== 'ERR_HTTP_REQUEST_TIMEOUT') return refuse(error, socket);
      // Of the request before, unless it is the one that has not come to its end.
      if (isWhole(socket)) latest.delete(socket);
      // The second one comes after the sockets were read.
      setImmediate(() => setImmediate(() => isWhole(socket) || refuse(error, socket)));
    },
  };
}

function refuse({ code = '' }: ClientError, socket: Socket): void {
  if (socket.destroyed) return;
  const [status, error] = answers[code] ?? [400, 'this is no request of HTTP'];
  const body = JSON.stringify({ error });
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Length: ${body.length}\r\nContent-Type: application/json\r\nConnection: close`;
  if (socket.writable) socket.write(`${head}\r\n\r\n${body}`);
  socket.destroy();
}
