import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { ExitError } from '../../../src/model/exit-error.ts';
import { callAgent } from '../../../src/agent/control-client.ts';
import type { Report } from '../../../src/model/report.ts';
import { StateError } from '../../../src/state/state-error.ts';
import { aReport } from '../../support/agent-port.ts';
import { openRig, sign, token, type DoorRig } from '../../support/door-rig.ts';

const never = new AbortController().signal;
interface Operation {
  readonly security?: unknown;
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>>;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}
const documentOf = async (rig: DoorRig): Promise<Document> =>
  (await (await rig.get('/api/v1/openapi.json', token)).json()) as Document;

describe('the API', () => {
  const guarded = [
    '/api/v1/status',
    '/api/v1/runs',
    '/api/v1/runs/x',
    '/api/v1/plan',
    '/api/v1/openapi.json',
    '/events',
    '/api/v1/events',
  ];

  it.each(guarded)('%s needs the token', async (path) => {
    await using rig = await openRig();
    const statuses = [];
    for (const given of [undefined, '', 'x', token.slice(0, -1), `${token}x`, token.toUpperCase()])
      statuses.push((await rig.get(path, given)).status);

    expect(new Set(statuses)).toEqual(new Set([401]));
    expect(JSON.stringify(rig.logged)).not.toContain('canary');
  });

  it.each(guarded)('%s says how to enable it where there is no token', async (path) => {
    await using rig = await openRig({ api_token_file: undefined });

    const answer = await rig.get(path, token);

    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('agent.api_token_file');
  });

  it('takes a token that was replaced in its file, and no longer the old one', async () => {
    await using rig = await openRig();
    const renewed = 'canary-token-of-tomorrow-0123456789-abc';
    writeFileSync(join(rig.directory, 'token'), renewed);

    expect((await rig.get('/api/v1/status', token)).status).toBe(401);
    expect((await rig.get('/api/v1/status', renewed)).status).toBe(200);
  });

  it('changes nothing: what does is at the control socket only', async () => {
    await using rig = await openRig();

    for (const path of ['/now', '/suspend', '/resume', '/approve'])
      expect((await fetch(rig.url + path, { method: 'POST', headers: { authorization: `Bearer ${token}` } })).status).toBe(404);
    expect(rig.port.triggers).toEqual([]);
  });

  it('reads the reports of many runs one by one, as they are taken', async () => {
    await using rig = await openRig();
    const runs = Array.from({ length: 200 }, (_, index) => aReport({ run: `run-${index}`, summary: 'x'.repeat(500_000) }));
    let read = 0;
    rig.port.summaries = () => runs;
    rig.port.report = (id) => {
      read++;
      // As when a newer one has pushed it out.
      return id === 'run-7' ? undefined : runs.find(({ run }) => run === id);
    };
    const call = request({
      port: rig.number,
      path: '/api/v1/runs?limit=200',
      headers: { authorization: `Bearer ${token}` },
    }).end();
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    const readAtFirst = read;

    const got = JSON.parse(await text(response)) as Report[];

    expect(readAtFirst).toBeLessThan(50);
    expect(got.map(({ run }) => run)).toEqual(runs.map(({ run }) => run).filter((run) => run !== 'run-7'));
  });

  it('gives the runs, one of them, and 404 for another', async () => {
    const hint = { hint: '/api/v1/runs lists them' };
    await using rig = await openRig();

    expect(await (await rig.get('/api/v1/runs?limit=5', token)).json()).toEqual([aReport()]);
    expect(await (await rig.get(`/api/v1/runs/${aReport().run}`, token)).json()).toEqual(aReport());
    for (const other of ['other', 'x'.repeat(150), '%E0%A4', '%zz']) {
      const answer = await rig.get(`/api/v1/runs/${other}`, token);
      expect([answer.status, await answer.json()]).toEqual([
        404,
        { error: expect.any(String) as string, ...(other === 'other' && hint) },
      ]);
    }
    for (const limit of ['0', '201', 'x', '1.5', '-1'])
      expect((await rig.get(`/api/v1/runs?limit=${limit}`, token)).status).toBe(400);
    expect((await rig.get('/api/v1/runs?limt=5', token)).status).toBe(400);
  });

  it('makes one plan for all who ask at once', async () => {
    await using rig = await openRig();
    const made = Promise.withResolvers<Report>();
    let checks = 0;
    rig.port.check = () => {
      checks += 1;
      return made.promise;
    };

    const asked = Array.from({ length: 20 }, () => rig.get('/api/v1/plan', token));
    // Answered after those who came before.
    await rig.get('/healthz');
    made.resolve(aReport());

    expect(new Set((await Promise.all(asked)).map(({ status }) => status))).toEqual(new Set([200]));
    expect(checks).toBe(1);
  });

  it('says why there is no plan yet', async () => {
    await using rig = await openRig();
    rig.port.check = () =>
      Promise.reject(new ExitError('usage', 'there is no revision to check yet', 'reconcile status says why'));

    for (const path of ['/api/v1/plan', '/plan']) {
      const answer = await rig.get(path, token);
      expect([answer.status, await answer.json()]).toEqual([
        503,
        { error: 'there is no revision to check yet', hint: 'reconcile status says why' },
      ]);
    }
    expect(rig.logged).toEqual([]);
  });

  it('says what is wrong with the state and what to do, and the dashboard shows the status beside it', async () => {
    await using rig = await openRig();
    const fail = (): never => {
      throw new StateError('state.db cannot be used', 'restore it from a backup');
    };
    Object.assign(rig.port, { report: fail, summaries: fail });

    for (const path of ['/api/v1/runs', '/api/v1/runs/x', '/runs/x']) {
      const answer = await rig.get(path, token);
      expect([answer.status, await answer.json()]).toEqual([
        503,
        { error: 'state.db cannot be used', hint: 'restore it from a backup' },
      ]);
    }
    const page = await rig.get('/', token);
    expect([page.status, await page.text()]).toEqual([
      200,
      expect.stringMatching(/verified[^]*state\.db cannot be used; restore it from a backup/),
    ]);
    expect(rig.logged).toEqual([]);
  });

  it('says nothing of an error but that there was one', async () => {
    await using rig = await openRig();
    rig.port.summaries = () => {
      throw new Error('canary: /var/lib/secret');
    };

    const answer = await rig.get('/api/v1/runs', token);

    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('canary');
    expect(JSON.stringify(rig.logged)).toContain('canary: /var/lib/secret');
  });
});

describe('the probes', () => {
  it('need no token', async () => {
    await using rig = await openRig();

    expect(await (await rig.get('/healthz')).json()).toEqual({ status: 'ok' });
    expect(await (await rig.get('/readyz')).json()).toEqual({ ready: true, phase: 'idle' });
  });

  it.each(['starting', 'stopping'] as const)('are not ready while the agent is %s', async (phase) => {
    await using rig = await openRig();
    rig.port.set({ phase });

    const answer = await rig.get('/readyz');

    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ ready: false, phase });
    expect((await rig.get('/healthz')).status).toBe(200);
  });
});

it('the agent is not ready where its last pass could not be made, and is again after one that could', async () => {
  await using rig = await openRig();
  const at = '2026-11-20T12:00:00.000Z';
  const after = async (run: string, outcome: 'error' | 'converged'): Promise<number> => {
    rig.port.set({ last: { run, outcome, summary: 'x', at } });
    return (await rig.get('/readyz')).status;
  };

  expect([await after('', 'error'), await after('run-1', 'error'), await after('run-2', 'converged')]).toEqual([503, 200, 200]);
});

describe('the OpenAPI document', () => {
  it('has every route of the door, and each answers', async () => {
    await using rig = await openRig();
    const { openapi, paths } = await documentOf(rig);

    expect(openapi).toBe('3.1.1');
    expect(Object.keys(paths).sort()).toEqual(
      ['/healthz', '/readyz', '/metrics', '/hooks/{name}', '/api/v1/runs/{id}', ...guarded(), '/api/v1/openapi.json'].sort(),
    );
    for (const [path, operations] of Object.entries(paths))
      for (const [method, { security }] of Object.entries(operations)) {
        const url = rig.url + path.replaceAll(/\{\w+\}/g, 'x');
        const { status, body } = await fetch(url, { method: method.toUpperCase() });
        await body?.cancel();
        expect([status, security], path).toEqual(
          security ? [401, [{ token: [] }]] : [path.startsWith('/hooks') ? 415 : 200, undefined],
        );
      }

    function guarded(): readonly string[] {
      return ['/api/v1/status', '/api/v1/runs', '/api/v1/plan', '/events', '/api/v1/events'];
    }
  });

  it('has the routes of the control socket there', async () => {
    await using rig = await openRig();
    const { body } = (await callAgent(rig.socket, { method: 'GET', path: '/api/v1/openapi.json' }, never))!;

    const { paths } = body as Document;
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(['/now', '/suspend', '/resume', '/approve', '/api/v1/status']));
    expect(JSON.stringify(paths)).not.toContain('"security"');
  });

  it('has only schemas that are valid', async () => {
    await using rig = await openRig();
    const { body } = (await callAgent(rig.socket, { method: 'GET', path: '/api/v1/openapi.json' }, never))!;
    const schemas: object[] = [];
    for (const document of [await documentOf(rig), body])
      JSON.stringify(document, (key, value: object) => {
        if (key === 'schema') schemas.push(value);
        return value;
      });
    const ajv = new Ajv2020({ strict: false });

    expect(schemas.length).toBeGreaterThan(10);
    expect(schemas.filter((schema) => ajv.validateSchema(schema) !== true)).toEqual([]);
  });

  it('describes every answer as it is', async () => {
    await using rig = await openRig();
    const document = await documentOf(rig);
    const ajv = formats.default(new Ajv2020({ strict: false, schemas: [{ ...document, $id: 'document' }] }));
    const body = JSON.stringify({ ref: 'refs/heads/main', after: 'a'.repeat(40), repository: { full_name: 'fleet/config' } });
    const answers: [string, string, Response][] = [
      ['/hooks/{name}', 'post', await rig.deliver(body)],
      ['/hooks/{name}', 'post', await rig.deliver(body, { 'x-gitea-signature': sign('') })],
      ['/hooks/{name}', 'post', await rig.deliver('x')],
    ];
    for (const path of ['/healthz', '/readyz', '/api/v1/status', '/api/v1/runs', '/api/v1/runs/x', '/api/v1/plan'])
      answers.push([path.replace('/x', '/{id}'), 'get', await rig.get(path, token)]);

    for (const [path, method, answer] of answers) {
      const { responses } = document.paths[path]![method]!;
      const pointer = `document#/paths/${path.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D')}`;
      expect(responses[answer.status]?.content, `${path} ${answer.status}`).toBeDefined();
      const validate = ajv.compile({ $ref: `${pointer}/${method}/responses/${answer.status}/content/application~1json/schema` });
      expect(validate(await answer.json()), `${path}: ${JSON.stringify(validate.errors)}`).toBe(true);
    }
  });
});

it('headers of more than 8,192 bytes are refused with 431', async () => {
  await using rig = await openRig();
  const call = request(`${rig.url}/healthz`, { headers: { 'x-long': 'x'.repeat(9_000) }, agent: false }).end();
  const [response] = (await once(call, 'response')) as [import('node:http').IncomingMessage];

  expect(response.statusCode).toBe(431);
  expect(await text(response)).toBe('{"error":"the headers of the request are too large"}');
});
