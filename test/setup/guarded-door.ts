import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFlamepin, type RunningFlamepin } from '../../demo/flamepin.ts';

/** Alertmanager's bearer token, which is the captures token too. */
export const bearer = 'alertmanager-token-of-this-test';
/** Grafana's HMAC secret. */
export const hmacSecret = 'grafana-secret-of-this-test';

/**
 * A flamepin that demands a secret of each sender and profiles nothing. `grafana`: further YAML of that source;
 * `matchers`: of its only route. Stop it by disposing `closing`.
 */
export async function startGuarded(
  closing: AsyncDisposableStack,
  { grafana = '', matchers = '' }: { grafana?: string; matchers?: string } = {},
): Promise<RunningFlamepin> {
  const directory = await mkdtemp(join(tmpdir(), 'flamepin-door-'));
  closing.defer(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, 'am'), bearer);
  await writeFile(join(directory, 'grafana'), hmacSecret);
  const flamepin = await startFlamepin(
    directory,
    `mode: observe
server: {port: 0}
sources:
  alertmanager: {bearerTokenFile: ${join(directory, 'am')}}
  grafana: {hmacSecretFile: ${join(directory, 'grafana')}${grafana}}
access: {capturesTokenFile: ${join(directory, 'am')}}
routes: [{matchers: [${matchers}], target: {host: {}}}]
`,
  );
  closing.defer(() => flamepin.stop());
  return flamepin;
}
