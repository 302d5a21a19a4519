import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startFlamepin, type RunningFlamepin } from '../../demo/flamepin.ts';
import { notificationOf } from '../setup/flamepin-client.ts';

/** A name that a page of a stranger had resolve to flamepin's address. */
const rebound = 'rebound.attacker.example';

/** The status of a request with these Host headers, as no HTTP client would send them. */
function statusOf(
  port: string,
  request: string,
  hosts: readonly string[],
  more = '',
  body = '',
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const socket = connect(Number(port), '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  socket.on('error', reject);
  socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])));
  socket.setTimeout(30_000, () => socket.destroy(new Error('no answer')));
  const lines = hosts.map((host) => `Host: ${host}\r\n`).join('');
  socket.write(
    `${request} HTTP/1.1\r\n${lines}Connection: close\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`,
  );
  return promise;
}

for (const { where, host, publicUrl, own, foreign } of [
  {
    where: 'on loopback',
    host: '127.0.0.1',
    publicUrl: 'https://flamepin.example.com',
    own: ['localhost:8080', '127.0.0.1', '[::1]:8080', 'FLAMEPIN.example.com', 'shop.localhost'],
    foreign: [rebound, `${rebound}:8080`, '127.0.0.1.attacker.example', 'flamepin', '10.1.2.3', ''],
  },
  {
    where: 'beyond loopback with a public URL',
    host: '0.0.0.0',
    publicUrl: 'https://flamepin.example.com',
    own: [
      'flamepin.example.com',
      '10.1.2.3:8080',
      '[fd00::1]',
      'flamepin',
      'flamepin.shop.svc:8080',
      'localhost',
    ],
    foreign: [rebound, 'flamepin.example.com.attacker.example', 'svc.attacker.example'],
  },
  {
    where: 'beyond loopback without a public URL, where any name may be its own',
    host: '0.0.0.0',
    publicUrl: null,
    own: ['flamepin.intranet.example', '10.1.2.3'],
    foreign: [],
  },
])
  describe(`a request to flamepin ${where}`, () => {
    const closing = new AsyncDisposableStack();
    let directory = '';
    let flamepin: RunningFlamepin;
    let port = '';
    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'flamepin-host-'));
      closing.defer(() => rm(directory, { recursive: true, force: true }));
      await writeFile(join(directory, 'am'), 'token-of-this-test');
      flamepin = await startFlamepin(
        directory,
        `mode: observe
server: {port: 0, host: ${host}${publicUrl === null ? '' : `, publicUrl: "${publicUrl}"`}}
sources:
  alertmanager: {bearerTokenFile: ${join(directory, 'am')}}
${host === '127.0.0.1' ? '  grafana: {}\n' : ''}routes: []
`,
      );
      closing.defer(() => flamepin.stop());
      ({ port } = new URL(flamepin.url));
    });
    after(() => closing.disposeAsync());

    const json = 'Content-Type: application/json\r\n';
    it('is answered by a name of its own', async () => {
      for (const name of own) assert.equal(await statusOf(port, 'GET /captures', [name]), 200, name);
    });
    if (foreign.length > 0)
      it('is refused by the name of another', async () => {
        for (const name of foreign) {
          assert.equal(await statusOf(port, 'GET /captures', [name]), 421, name);
          assert.equal(await statusOf(port, 'GET /captures/c-1/flamegraph.html', [name]), 421, name);
        }
      });
    it('is answered by any name when it is a probe, a scrape or a notification with its secret', async () => {
      for (const path of ['/healthz', '/readyz', '/metrics'])
        assert.equal(await statusOf(port, `GET ${path}`, [rebound]), 200, path);
      assert.equal(
        await statusOf(
          port,
          'POST /webhooks/alertmanager',
          ['flamepin.monitoring:8080'],
          `${json}Authorization: Bearer token-of-this-test\r\n`,
          notificationOf('f1', {}),
        ),
        200,
      );
    });
    it('is refused when it names two hosts', async () => {
      assert.equal(await statusOf(port, 'GET /captures', ['localhost', rebound]), 400);
      assert.equal(await statusOf(port, 'GET /healthz', ['localhost', 'localhost']), 400);
    });
    if (host === '127.0.0.1')
      it('cannot have a JVM profiled from a stranger’s page, where no secret is required', async () => {
        const body = notificationOf('f1', {});
        assert.equal(await statusOf(port, 'POST /webhooks/grafana', [rebound], json, body), 421);
        assert.equal(await statusOf(port, 'POST /webhooks/grafana', ['localhost'], json, body), 200);
      });
  });
