import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { notificationOf } from '../../setup/flamepin-client.ts';
import { senderPatienceMs, startScene, type Scene } from './scene.ts';

export const bearer = 'alertmanager-token-of-this-run';
const secret = 'grafana-secret-of-this-run';

/** A flamepin that only observes, with one sender that shows a token and one that signs. */
export function guardedScene(): Promise<Scene> {
  return startScene(async (directory) => {
    await writeFile(join(directory, 'am'), bearer);
    await writeFile(join(directory, 'grafana'), secret);
    return `mode: observe
server: {port: 0}
sources:
  alertmanager: {bearerTokenFile: ${join(directory, 'am')}}
  grafana: {hmacSecretFile: ${join(directory, 'grafana')}}
routes: [{matchers: ['alertname=~"High.*"'], target: {host: {}}}]
`;
  });
}

/** A notification as Alertmanager sends it, with its token. */
export const withToken =
  (url: string, token = bearer) =>
  (body: string): Promise<Response> =>
    fetch(`${url}/webhooks/alertmanager`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body,
      signal: AbortSignal.timeout(senderPatienceMs),
    });

/** A notification as Grafana sends it, signed. */
export const signed =
  (url: string) =>
  (body: string): Promise<Response> =>
    fetch(`${url}/webhooks/grafana`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'X-Grafana-Alerting-Signature': createHmac('sha256', secret).update(body).digest('hex'),
      },
      body,
      signal: AbortSignal.timeout(senderPatienceMs),
    });

/** The same in chunks, so that its length is not known before its end. */
export const inChunks = (url: string, fingerprint: string): Promise<Response> =>
  fetch(`${url}/webhooks/alertmanager`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${bearer}` },
    body: new Blob([notificationOf(fingerprint, { alertname: 'HighLatency' })]).stream(),
    duplex: 'half',
    signal: AbortSignal.timeout(senderPatienceMs),
  });

/** A plain connection to flamepin, with what it said so far. Errors of it are of no interest: it may be thrown out. */
export async function connection(url: string): Promise<{ socket: Socket; said: () => string }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let said = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => (said = (said + chunk.toString('latin1')).slice(-2_000)));
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => undefined);
  return { socket, said: () => said };
}

/** The head of a request to Grafana's webhook by somebody who cannot sign. */
export const strangersHead = [
  'POST /webhooks/grafana HTTP/1.1',
  'Host: flamepin',
  'Content-Type: application/json',
  'X-Grafana-Alerting-Signature: 00',
  'Transfer-Encoding: chunked',
  '',
  '',
].join('\r\n');
