import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from './listen.ts';

/** A server of files on this machine that counts who asked for what. */
export interface FileServer extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Paths in the order in which they were asked for. */
  readonly asked: string[];
  /** Answers with these bytes, or in this way. */
  serve(path: string, answer: string | Buffer | ((request: IncomingMessage, response: ServerResponse) => void)): void;
}

export async function openFileServer(address = '127.0.0.1'): Promise<FileServer> {
  const answers = new Map<string, Parameters<FileServer['serve']>[1]>();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const answer = answers.get(path);
    if (answer === undefined) response.writeHead(404).end();
    else if (typeof answer === 'function') answer(request, response);
    else response.end(answer);
  });
  const listening = await listen(server, address);
  return {
    ...listening,
    url: `http://127.0.0.1:${listening.port}`,
    asked,
    serve: (path, answer) => void answers.set(path, answer),
  };
}

export const sha256Of = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');
