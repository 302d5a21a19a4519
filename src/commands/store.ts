import { isIPv6 } from 'node:net';
import { z } from 'zod';
import { loadConfiguration, type Configuration } from '../config/load.ts';
import { ConfigurationError } from '../config/problems.ts';
import { Failure } from '../reasons/failure.ts';
import { deadlineMs } from './doctor-ask.ts';

export interface StoreOptions {
  config?: string;
  url?: string;
}

const storingSchema = z.object({ storing: z.array(z.string()) });
const problemSchema = z.object({ message: z.string(), remedy: z.string() });

/**
 * `flamepin store [ID]`: the running flamepin tries now to store what waits in its spool, of one capture or of all.
 * Resolves to false when it has nothing to store of that capture, or refuses. A flamepin that is started tries by
 * itself. Rejects with service-unreachable, or a ConfigurationError without `access.capturesTokenFile`.
 */
export async function store(id: string | undefined, options: StoreOptions): Promise<boolean> {
  const configuration = loadConfiguration(options.config);
  const token = configuration.secrets.capturesToken?.read();
  if (token === undefined)
    throw new ConfigurationError(configuration.origin, [
      {
        path: 'access.capturesTokenFile',
        what: 'missing',
        remedy: 'The running flamepin accepts this only with its captures token.',
      },
    ]);
  const base = options.url ?? ownAddress(configuration.server);
  const response = await post(
    id === undefined ? `${base}/store` : `${base}/captures/${encodeURIComponent(id)}/store`,
    token,
  );
  const body: unknown = await response.json().catch(() => undefined);
  const answer = storingSchema.safeParse(body);
  if (!response.ok || !answer.success) {
    const { message, remedy } = problemSchema.safeParse(body).data ?? {
      message: `${base} answers ${response.status}, but it is not flamepin.`,
      remedy: 'Set its address with --url.',
    };
    process.stderr.write(`${message}\n  ${remedy}\n`);
    return false;
  }
  for (const storing of answer.data.storing) process.stdout.write(`${storing}\n`);
  if (answer.data.storing.length === 0) process.stderr.write('Nothing is waiting to be stored.\n');
  return true;
}

/** Where a flamepin with this configuration listens, seen from its own machine or container. */
function ownAddress({ host, port }: Configuration['server']): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${port}`;
}

async function post(url: string, token: string): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, Accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(deadlineMs),
    });
  } catch (error) {
    throw new Failure('service-unreachable', { detail: url, cause: error });
  }
}
