import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { listen } from './listen.ts';

/** What goes wrong between a client and a git server. `cut`: the part of a pack that arrives. */
export type Fault =
  | { readonly type: 'none' }
  | { readonly type: 'status'; readonly code: number }
  | { readonly type: 'login' }
  | { readonly type: 'cut'; readonly part: number }
  | { readonly type: 'hang' }
  | { readonly type: 'drip' };

/** Stands in front of a git server on loopback and spoils what passes, as told. */
export interface ChaosProxy extends AsyncDisposable {
  readonly port: number;
  url(repository: string): string;
  fault: Fault;
  /** Resolves with the next request that comes in. */
  nextRequest(): Promise<void>;
}

export async function openChaosProxy(upstream: { readonly port: number }): Promise<ChaosProxy> {
  let fault: Fault = { type: 'none' };
  const drips = new Set<NodeJS.Timeout>();
  const server = createServer((request, response) => {
    const body: Buffer[] = [];
    request.on('data', (chunk: Buffer) => body.push(chunk));
    request.on('end', () => {
      if (fault.type === 'hang') return;
      if (fault.type === 'status') spoilStatus(response, fault.code);
      else if (fault.type === 'login') response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Please log in</html>');
      else void forward(request.method ?? '', request.url ?? '', request.headers, Buffer.concat(body), response);
    });
  });
  const forward = async (
    method: string,
    url: string,
    given: NodeJS.Dict<string | string[]>,
    body: Buffer,
    response: ServerResponse,
  ): Promise<void> => {
    const passed = Object.entries(given).filter(
      ([name]) => !['host', 'connection', 'content-length', 'transfer-encoding'].includes(name),
    );
    const answer = await fetch(`http://127.0.0.1:${upstream.port}${url}`, {
      method,
      headers: Object.fromEntries(passed.map(([name, value]) => [name, String(value)])),
      ...(method === 'POST' ? { body: new Uint8Array(body) } : {}),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const isPack = bytes.includes('PACK');
    response.writeHead(answer.status, {
      'content-type': answer.headers.get('content-type') ?? '',
      'content-length': bytes.length,
    });
    if (fault.type === 'cut' && isPack)
      response.write(bytes.subarray(0, Math.max(1, Math.floor(bytes.length * fault.part))), () => response.destroy());
    else if (fault.type === 'drip' && isPack) {
      let sent = 0;
      const drip = setInterval(() => response.write(bytes.subarray(sent, (sent += 1))), 50);
      drips.add(drip);
      response.on('close', () => clearInterval(drip));
    } else response.end(bytes);
  };
  const listening = await listen(server);
  return {
    port: listening.port,
    url: (repository) => `http://127.0.0.1:${listening.port}/${repository}`,
    get fault() {
      return fault;
    },
    set fault(next) {
      fault = next;
    },
    nextRequest: async () => void (await once(server, 'request')),
    async [Symbol.asyncDispose]() {
      for (const drip of drips) clearInterval(drip);
      await listening[Symbol.asyncDispose]();
    },
  };
}

function spoilStatus(response: ServerResponse, code: number): void {
  const headers =
    code === 401 ? { 'www-authenticate': 'Basic realm="x"' } : code < 400 ? { location: 'http://127.0.0.1:1/elsewhere' } : {};
  response.writeHead(code, headers).end('no');
}
