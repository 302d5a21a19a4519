import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { z } from 'zod';
import { startGrafana, type Grafana } from '../grafana/grafana.ts';

const answerSchema = z.object({
  id: z.number().optional(),
  message: z.string().optional(),
  messageId: z.string().optional(),
});

/** The stand-in is worth what it refuses: each case is the real Grafana's, from its sources or its issues. */
describe('the stand-in for Grafana', () => {
  let grafana: Grafana;
  let metrics: Server;
  before(async () => {
    metrics = createServer((request, response) => {
      void text(request).then((body) => {
        response.end(
          JSON.stringify({ url: request.url, body, secret: request.headers.authorization !== undefined }),
        );
      });
    }).listen(0, '127.0.0.1');
    await once(metrics, 'listening');
    grafana = await startGrafana({
      rules: [
        {
          uid: 'slow',
          title: 'Slow',
          folder: 'Shop',
          condition: 'A',
          data: [{ refId: 'A', datasourceUid: 'metrics', model: { expr: 'up' } }],
        },
      ],
      dataSources: {
        metrics: {
          type: 'prometheus',
          url: `http://127.0.0.1:${(metrics.address() as AddressInfo).port}`,
        },
      },
    });
    grafana.setRights({ organizationAnnotations: true });
  });
  after(async () => {
    await grafana.close();
    metrics.close();
    metrics.closeAllConnections();
  });

  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${grafana.url}/api${path}`, {
      method,
      headers: { authorization: `Bearer ${grafana.token}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: answer.status, body: await answer.json() };
  };
  const post = async (body: unknown, headers: Record<string, string> = {}) => {
    const { status, body: answer } = await call('POST', '/annotations', body, headers);
    const { id, ...rest } = answerSchema.parse(answer);
    return { status, ...rest, mark: grafana.annotations().find((mark) => mark.id === id) };
  };
  const newest = () => grafana.annotations().at(-1);

  it('takes a form, and loses panel, dashboard and time', async () => {
    const form = new URLSearchParams({ text: 'x', dashboardUID: 'shop', panelId: '2', time: '1' }).toString();
    const { status, mark } = await post(form, { 'content-type': 'application/x-www-form-urlencoded' });
    assert.equal(status, 200);
    assert.equal(mark?.dashboardUID, null);
    assert.equal(mark.panelId, 0);
    assert.ok(mark.time > 1e12);
  });

  it('makes a mark of the organization for a dashboard that does not exist', async () => {
    const { status, mark } = await post({ text: 'x', dashboardUID: 'none', panelId: 2 });
    assert.equal(status, 200);
    assert.equal(mark?.dashboardUID, null);
    assert.equal((await call('GET', '/annotations?dashboardUID=none')).status, 400);
    assert.equal((await call('GET', '/dashboards/uid/none')).status, 404);
  });

  it('takes seconds for milliseconds, and shows nothing there', async () => {
    const seconds = Math.floor(Date.now() / 1000);
    const { mark } = await post({ text: 'x', dashboardUID: 'shop', time: seconds });
    assert.equal(mark?.time, seconds);
    const now = Date.now();
    const { body } = await call('GET', `/annotations?from=${now - 3_600_000}&to=${now}&dashboardUID=shop`);
    assert.deepEqual(body, []);
  });

  it('turns reversed times around', async () => {
    const { mark } = await post({
      text: 'x',
      dashboardUID: 'shop',
      time: 2_000_000_000_000,
      timeEnd: 1_900_000_000_000,
    });
    assert.deepEqual([mark?.time, mark?.timeEnd], [1_900_000_000_000, 2_000_000_000_000]);
  });

  it('refuses empty texts, broken JSON, numbers as strings and unknown tokens', async () => {
    assert.deepEqual(await post({ text: '' }), {
      status: 400,
      message: 'Failed to save annotation',
      mark: undefined,
    });
    assert.equal((await post('{')).status, 400);
    assert.equal((await post({ text: 'x', time: '1' })).status, 400);
    assert.equal((await post({ text: 'x', panelId: 1.5 })).status, 400);
    assert.equal((await call('GET', '/annotations', undefined, { authorization: 'Bearer x' })).status, 401);
  });

  it('refuses too many tags, and fails with a long one after the mark was made', async () => {
    const many = await post({ text: 'x', tags: Array.from({ length: 9 }, (_, i) => `${i}`.repeat(60)) });
    assert.equal(many.messageId, 'annotations.tag-limit-exceeded');
    const before = grafana.annotations().length;
    assert.equal((await post({ text: 'long', tags: ['t'.repeat(101)] })).status, 500);
    assert.equal(grafana.annotations().length, before + 1);
    assert.deepEqual(newest()?.tags, []);
  });

  it('ignores empty texts and zeros in a PATCH', async () => {
    const { mark } = await post({ text: 'kept', dashboardUID: 'shop', time: 1_900_000_000_000 });
    const { status } = await call('PATCH', `/annotations/${mark?.id}`, { text: '', time: 0 });
    assert.equal(status, 200);
    assert.equal(newest()?.text, 'kept');
    assert.equal(newest()?.time, 1_900_000_000_000);
    assert.equal((await call('PATCH', '/annotations/999999', { text: 'x' })).status, 404);
  });

  it('gives a hundred marks unless asked for more, those that end last first, all tags or any', async () => {
    for (let i = 0; i < 105; i += 1)
      await post({ text: `${i}`, time: 1e12 + i, tags: ['many', i % 2 ? 'odd' : 'even'] });
    const list = async (query: string) =>
      z.array(z.object({ text: z.string() })).parse((await call('GET', `/annotations?${query}`)).body);
    assert.equal((await list('tags=many')).length, 100);
    assert.equal((await list('tags=many'))[0]?.text, '104');
    assert.equal((await list('tags=many&limit=200')).length, 105);
    assert.equal((await list('tags=many&tags=odd&limit=200')).length, 52);
    assert.equal((await list('tags=odd&tags=even&matchAny=true&limit=200')).length, 105);
    assert.equal((await list('tags=odd&tags=even')).length, 0);
  });

  it('gives a rule as the ruler and as provisioning do, and lists it by folder', async () => {
    const ofRuler = await call('GET', '/ruler/grafana/api/v1/rule/slow');
    const [query] = z
      .object({ expr: z.literal(''), grafana_alert: z.object({ data: z.array(z.unknown()) }) })
      .parse(ofRuler.body).grafana_alert.data;
    assert.deepEqual(query, {
      refId: 'A',
      queryType: '',
      relativeTimeRange: { from: 600, to: 0 },
      datasourceUid: 'metrics',
      model: { refId: 'A', intervalMs: 1000, maxDataPoints: 43_200, hide: false, expr: 'up' },
    });
    const provisioned = z.object({ condition: z.string(), data: z.array(z.unknown()) });
    assert.deepEqual(provisioned.parse((await call('GET', '/v1/provisioning/alert-rules/slow')).body), {
      condition: 'A',
      data: [query],
    });
    const { body } = await call('GET', '/ruler/grafana/api/v1/rules');
    assert.deepEqual(Object.keys(z.record(z.string(), z.unknown()).parse(body)), ['Shop']);
    grafana.setRuleByUid(false);
    assert.equal((await call('GET', '/ruler/grafana/api/v1/rule/slow')).status, 404);
    assert.equal((await call('GET', '/v1/provisioning/alert-rules/none')).status, 404);
    grafana.setRuleByUid(true);
  });

  it('lets a data source of Prometheus be queried and not be written to', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const proxy = '/datasources/proxy/uid';
    const asked = await call('POST', `${proxy}/metrics/api/v1/query`, 'query=up', form);
    assert.deepEqual(asked, { status: 200, body: { url: '/api/v1/query', body: 'query=up', secret: false } });
    assert.equal((await call('POST', `${proxy}/metrics/api/v1/admin/tsdb/snapshot`, '')).status, 403);
    assert.equal((await call('POST', `${proxy}/none/api/v1/query`, '')).status, 404);
  });

  it('refuses what the account may not do', async () => {
    grafana.setRights({
      writeAnnotations: false,
      organizationAnnotations: false,
      readAnnotations: false,
      readDashboards: false,
      readRules: false,
      readProvisioning: false,
      queryDataSources: false,
    });
    for (const [method, path] of [
      ['POST', '/annotations'],
      ['GET', '/annotations'],
      ['GET', '/dashboards/uid/shop'],
      ['DELETE', '/annotations/1'],
      ['PATCH', '/annotations/1'],
      ['GET', '/ruler/grafana/api/v1/rule/slow'],
      ['GET', '/ruler/grafana/api/v1/rules'],
      ['GET', '/v1/provisioning/alert-rules/slow'],
      ['POST', '/datasources/proxy/uid/metrics/api/v1/query'],
    ] as const)
      assert.equal(
        (await call(method, path, method === 'GET' ? undefined : { text: 'x', dashboardUID: 'shop' })).status,
        403,
        `${method} ${path}`,
      );
  });
});
