import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { z } from 'zod';
import { routesOf } from '../../src/http/method-not-allowed.ts';
import { notificationOf } from '../setup/flamepin-client.ts';
import { startSeededPages } from '../setup/seeded-pages.ts';
import { startSeededServe, type SeededServe } from '../setup/seeded-serve.ts';

const headersSchema = z.record(z.string(), z.looseObject({ required: z.boolean().optional() }));
const responseSchema = z.object({
  description: z.string(),
  headers: headersSchema.optional(),
  content: z.record(z.string(), z.object({ schema: z.unknown().optional() })).optional(),
});
const operationSchema = z.looseObject({
  operationId: z.string(),
  security: z.array(z.unknown()).optional(),
  responses: z.record(z.string(), responseSchema),
});
const documentSchema = z.looseObject({
  openapi: z.string(),
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
});
type Document = z.infer<typeof documentSchema>;

/** What a client that is generated from /openapi.json relies on. */
describe('the OpenAPI document', () => {
  let seeded: SeededServe;
  /** As it comes, and as far as this test reads it. */
  let served: Record<string, unknown>;
  let document: Document;

  before(async () => {
    seeded = await startSeededServe(30);
    served = z.record(z.string(), z.unknown()).parse(await (await ask('/openapi.json')).json());
    document = documentSchema.parse(served);
  });

  after(() => seeded.stop());

  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(seeded.flamepin.url + path, {
      redirect: 'manual',
      signal: AbortSignal.timeout(30_000),
      ...init,
    });

  /** By a name that is not flamepin's; fetch sends none but that of the address. */
  async function askByForeignName(path: string): Promise<Response> {
    const request = get(seeded.flamepin.url + path, {
      headers: { Host: 'rebound.attacker.example', Accept: 'application/json' },
      timeout: 30_000,
    });
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    const headers = Object.entries(answer.headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    );
    return new Response(await textOf(answer), { status: answer.statusCode ?? 0, headers });
  }

  it('is OpenAPI 3.1, by an independent validator', async () => {
    const validator = new Validator();
    const result = await validator.validate(structuredClone(served));
    assert.deepEqual(result, { valid: true });
    assert.equal(validator.version, '3.1');
  });

  it('names every operation once, for clients are generated from the names', () => {
    const names = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    assert.deepEqual(names.toSorted(), [...new Set(names)].toSorted());
  });

  it('holds every route of the server, and no other', async () => {
    const pages = await startSeededPages(0);
    try {
      const routes = [...routesOf(pages.app.router)].flatMap(([path, methods]) =>
        [...methods].map((method) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`),
      );
      const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
      );
      assert.deepEqual(
        documented.toSorted(),
        routes.toSorted(),
        'src/http/openapi/paths does not fit the routes',
      );
    } finally {
      await pages.stop();
    }
  });

  it('is right that every address refuses other methods with 405, and says which it has', async () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      const allowed = Object.keys(methods).map((method) => method.toUpperCase());
      if (allowed.includes('GET')) allowed.push('HEAD');
      const response = await ask(path.replaceAll(/[{}]/g, ''), { method: 'DELETE' });
      assert.equal(response.status, 405, path);
      assert.deepEqual(response.headers.get('allow')?.split(', ').toSorted(), allowed.toSorted(), path);
      assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
    }
  });

  it('is right about what asks for a secret', async () => {
    let guarded = 0;
    for (const [path, methods] of Object.entries(document.paths))
      for (const [method, { security = [] }] of Object.entries(methods)) {
        if (security.length === 0) continue;
        guarded += 1;
        const response = await ask(path.replace('/captures/{id}', seeded.paths.done), {
          method: method.toUpperCase(),
          headers: { 'Content-Type': 'application/json' },
          ...(method === 'get' ? {} : { body: '{}' }),
        });
        assert.equal(response.status, 401, `${method} ${path}`);
      }
    assert.ok(guarded > 8, `${guarded}`);
  });

  it('fits what the server answers: status, content type, headers and every field of the body', async () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    ajvFormats.default(ajv);
    ajv.addSchema(served, 'openapi');
    const { paths, token } = seeded;
    const json = { Accept: 'application/json' };
    const bearer = { Authorization: `Bearer ${token}` };
    const send = (body: unknown, method = 'POST'): RequestInit => ({
      method,
      headers: { ...bearer, 'Content-Type': 'application/json' },
      body: typeof body === 'string' || body instanceof ReadableStream ? body : JSON.stringify(body),
    });
    const operations = new Set<string>();

    /** Asks, and holds the answer against what the document says of this operation and status. */
    async function fits(template: string, path: string, status: number, init: RequestInit = {}, asked = ask) {
      const method = (init.method ?? 'GET').toLowerCase();
      const where = `${method} ${path} ${JSON.stringify(init.headers ?? {})}`;
      const operation = document.paths[template]?.[method];
      assert.ok(operation !== undefined, where);
      operations.add(operation.operationId);
      const response = await asked(path, init);
      const text = await response.text();
      assert.equal(response.status, status, `${where}: ${text.slice(0, 500)}`);
      const described = operation.responses[status];
      assert.ok(described !== undefined, `${where}: ${status} is not in the document`);
      for (const [name, { required }] of Object.entries(described.headers ?? {}))
        assert.ok(required !== true || response.headers.has(name), `${where}: no ${name}`);
      if (described.content === undefined) return text;
      const [type = ''] = (response.headers.get('content-type') ?? '').split(';');
      assert.ok(type in described.content, `${where}: ${type} is not in the document`);
      if (!type.endsWith('json')) return text;
      const pointer = ['paths', template, method, 'responses', String(status), 'content', type, 'schema']
        .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
        .join('/');
      const body: unknown = JSON.parse(text);
      const valid = ajv.validate({ $ref: `openapi#/${pointer}` }, body);
      assert.ok(valid, `${where}: ${ajv.errorsText()}\n${text.slice(0, 2000)}`);
      return text;
    }

    const one = '/captures/{id}';
    await fits('/', '/', 302);
    await fits('/captures', '/captures', 200, { headers: json });
    await fits('/captures', '/captures', 200, { headers: { Accept: 'text/html' } });
    await fits('/captures', '/captures?state=&workload=&since=2026-01-01T10:00', 200, { headers: json });
    await fits('/captures', '/captures?state=faild', 400);
    for (const path of Object.values(paths)) {
      await fits(one, path, 200, { headers: json });
      await fits(one, path, 200);
    }
    await fits(one, '/captures/c-gone', 404, { headers: json });
    await fits(one, '/captures/%E0%A4%A', 400);
    await fits(one, `${paths.done}?against=c-gone`, 404, { headers: json });
    await fits(one, `${paths.done}?against=${paths.done.slice('/captures/'.length)}`, 400, { headers: json });

    for (const name of ['flamegraph.svg', 'flamegraph.html', 'profile.json', 'summary.md']) {
      await fits(`${one}/${name}`, `${paths.done}/${name}`, 200);
      await fits(`${one}/${name}`, `${paths.done}/${name}?event=wall`, 200);
      await fits(`${one}/${name}`, `${paths.done}/${name}?event=walk`, 404, { headers: json });
      await fits(`${one}/${name}`, `${paths.queued}/${name}`, 404, { headers: json });
      await fits(`${one}/${name}`, `${paths.expired}/${name}`, 410, { headers: json });
      await fits(`${one}/${name}`, `/captures/c-gone/${name}`, 404);
    }
    for (const format of ['grafana', 'speedscope'])
      await fits(`${one}/profile.json`, `${paths.done}/profile.json?format=${format}&event=wall`, 200);
    await fits(`${one}/profile.json`, `${paths.done}/profile.json?format=grafana&event=live`, 404, {
      headers: json,
    });
    await fits(`${one}/profile.json`, `${paths.done}/profile.json?format=xml`, 400, { headers: json });
    await fits(`${one}/profile.json`, `${paths.expired}/profile.json?format=pprof`, 410, { headers: json });
    const recording = `${one}/recording.jfr`;
    await fits(recording, `${paths.done}/recording.jfr`, 401);
    await fits(recording, `${paths.done}/recording.jfr`, 200, { headers: bearer });

    await fits('/alerts/{fingerprint}', '/alerts/unheard-of', 404, { headers: json });
    await fits('/alerts/{fingerprint}', `/alerts/${'0'.repeat(16)}`, 302);
    await fits('/alerts/{fingerprint}', `/alerts/${'0'.repeat(16)}`, 200, { headers: json });

    for (const [sender, method] of [
      ['alertmanager', 'POST'],
      ['grafana', 'POST'],
      ['grafana', 'PUT'],
    ] as const) {
      const path = `/webhooks/${sender}`;
      const alert = notificationOf(`of-${sender}-${method}`, { service: `${sender}-${method}` });
      const accepted = await fits(path, path, 200, send(alert, method));
      assert.match(accepted, /"outcome":"queued"/);
      assert.match(await fits(path, path, 200, send(alert, method)), /"outcome":"duplicate"/);
      await fits(path, path, 400, send('{"version": ', method));
      await fits(path, path, 415, { method, headers: bearer, body: 'alerts=1' });
      await fits(path, path, 401, {
        ...send(alert, method),
        headers: { 'Content-Type': 'application/json' },
      });
    }

    await fits('/pause', '/pause', 401, { method: 'POST' });
    await fits('/pause', '/pause', 200, { method: 'POST', headers: bearer });
    await fits('/captures', '/captures', 202, send({ target: 'host://1' }));
    await fits('/captures', '/captures', 400, send({ target: '/etc/passwd' }));
    await fits('/captures', '/captures', 415, { method: 'POST', headers: bearer, body: 'target' });
    await fits('/captures', '/captures', 413, send({ target: 'x'.repeat(20_000) }));
    await fits('/resume', '/resume', 200, { method: 'POST', headers: bearer });
    const { blocks } = z
      .object({ blocks: z.array(z.object({ key: z.string() })).min(1) })
      .parse(JSON.parse(await fits('/blocks', '/blocks', 200, { headers: bearer })));
    await fits('/blocks/release', '/blocks/release', 200, send({ key: blocks[0]?.key }));
    await fits('/blocks/release', '/blocks/release', 404, send({ key: blocks[0]?.key }));
    await fits('/blocks/release', '/blocks/release', 400, send({ keys: [] }));

    await fits('/store', '/store', 401, { method: 'POST' });
    await fits('/store', '/store', 202, { method: 'POST', headers: bearer });
    const { waiting } = seeded;
    const waits = await fits(one, waiting, 200, { headers: json });
    assert.match(waits, /"storeRetry":\{"since"/);
    const storeOne = `${one}/store`;
    await fits(storeOne, `${waiting}/store`, 401, { method: 'POST' });
    const storing = await fits(storeOne, `${waiting}/store`, 202, { method: 'POST', headers: bearer });
    assert.deepEqual(JSON.parse(storing), { storing: [waiting.slice('/captures/'.length)] });
    await fits(storeOne, `${paths.done}/store`, 409, { method: 'POST', headers: bearer });
    await fits(storeOne, '/captures/c-gone/store', 404, { method: 'POST', headers: bearer });
    const svg = `${one}/flamegraph.svg`;
    assert.match(await fits(svg, `${waiting}/flamegraph.svg`, 404, { headers: json }), /keeps trying/);
    const bringBack = await seeded.loseStore();
    await fits(svg, `${paths.done}/flamegraph.svg`, 503, { headers: json }).finally(bringBack);
    await fits(svg, `${paths.done}/flamegraph.svg`, 200);

    for (const path of ['/healthz', '/readyz', '/metrics', '/openapi.json']) await fits(path, path, 200);
    for (const path of ['/page.js', '/page.css', '/follow.js', '/control.js', '/site.css', '/icon.svg'])
      await fits(path, path, 200);

    for (const path of ['/', '/captures', '/site.css', '/openapi.json'])
      await fits(path, path, 421, {}, askByForeignName);
    await fits('/healthz', '/healthz', 200, {}, askByForeignName);
    for (const path of ['/captures', '/webhooks/alertmanager'])
      await fits(path, path, 408, {
        ...send(new ReadableStream({ start: (body) => body.enqueue(Buffer.from('{')) })),
        duplex: 'half',
      });
    // Last, for from then on a wrong token is answered so for a minute.
    for (let i = 0; i < 100; i++) await ask('/pause', { method: 'POST' });
    await fits('/pause', '/pause', 429, { method: 'POST' });
    await fits('/webhooks/grafana', '/webhooks/grafana', 429, {
      ...send('{}'),
      headers: { 'Content-Type': 'application/json' },
    });
    await fits('/pause', '/pause', 200, { method: 'POST', headers: bearer });

    const all = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    assert.deepEqual(
      all.filter((name) => !operations.has(name)),
      [],
      'no answer of these was looked at',
    );
  });
});
