import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { addApi } from '../../../src/agent/doors/api.ts';
import { addDashboard } from '../../../src/agent/doors/dashboard.ts';
import { openEventStream } from '../../../src/agent/doors/event-stream.ts';
import { makeServer } from '../../../src/agent/doors/server.ts';
import { aReport, standIn } from '../../support/agent-port.ts';

it.each(['/api/v1/plan', '/plan'])(
  '%s may take any time to be made; from then on its connection can be idle again',
  async (path) => {
    const port = standIn();
    const server = makeServer({ log: { warn: () => {}, error: () => {} }, idle: 30_000 });
    const limits: (number | undefined)[] = [];
    let connection: Socket | undefined;
    server.server.on('connection', (socket) => (connection = socket));
    const note = (): number => limits.push(connection?.timeout);
    server.addHook('onSend', async () => void note());
    const check = async () => {
      note();
      return aReport({ action: 'check' });
    };
    addApi(server, { port, check, events: openEventStream(port), describe: () => ({}) });
    addDashboard(server, { port, check });
    try {
      const url = await server.listen({ host: '127.0.0.1', port: 0 });

      expect((await fetch(`${url}${path}`)).status).toBe(200);
      expect(limits).toEqual([0, 30_000]);
    } finally {
      await server.close();
    }
  },
);
