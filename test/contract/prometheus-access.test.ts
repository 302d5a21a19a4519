import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { queryNow } from '../../src/targets/kubernetes/choice/prometheus.ts';
import { freePort, start, waitFor, type Started } from '../setup/process.ts';

const { signal } = new AbortController();
const password = 'only-for-this-test';
/** bcrypt of the password, at its lowest cost. */
const hash = '$2b$04$J7D.bqRLZfcLgWPwozW.lOE5LRg3jrsfq0sVY/CxkO4J5kYVkuy.2';
const passwordIs = (text: string) => ({ username: 'flamepin', password: { read: () => text } });

describe('a Prometheus with a password, over TLS with an authority of its own', () => {
  let directory = '';
  let url = '';
  let caFile = '';
  let prometheus: Started;
  const closing = new AsyncDisposableStack();
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-prometheus-tls-'));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    caFile = join(directory, 'cert.pem');
    const key = join(directory, 'key.pem');
    execFileSync('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
      ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', caFile],
    ]);
    await writeFile(
      join(directory, 'web.yaml'),
      JSON.stringify({
        tls_server_config: { cert_file: caFile, key_file: key },
        basic_auth_users: { flamepin: hash },
      }),
    );
    await writeFile(join(directory, 'prometheus.yaml'), '{}');
    const port = await freePort();
    url = `https://127.0.0.1:${port}`;
    prometheus = start('prometheus', [
      `--config.file=${join(directory, 'prometheus.yaml')}`,
      `--web.config.file=${join(directory, 'web.yaml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    closing.defer(() => prometheus.stop());
    await waitFor(
      'Prometheus',
      60_000,
      () => (prometheus.output().includes('Server is ready') ? true : undefined),
      prometheus.output,
    );
  });
  after(() => closing.disposeAsync());

  it('answers with both', async () => {
    const values = await queryNow({ url, caFile, basic: passwordIs(password) }, 'vector(7)', signal);
    assert.deepEqual(values, [{ labels: {}, value: 7 }]);
  });

  it('is not believed without its authority, and refuses a wrong password', async () => {
    await assert.rejects(queryNow({ url, basic: passwordIs(password) }, 'vector(7)', signal), {
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    await assert.rejects(queryNow({ url, caFile, basic: passwordIs('wrong') }, 'vector(7)', signal));
  });
});

it('Prometheus gets the configured headers with each query', async () => {
  let got: IncomingHttpHeaders = {};
  const server = createServer(({ headers }, response) => {
    got = headers;
    response.end('{"status":"success","data":{"resultType":"vector","result":[]}}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await queryNow({ url, headers: { 'X-Scope-OrgID': 'shop' }, token: { read: () => 't1' } }, 'up', signal);
  assert.deepEqual([got['x-scope-orgid'], got.authorization], ['shop', 'Bearer t1']);
  server.close();
  await once(server, 'close');
});
