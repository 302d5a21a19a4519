import { Failure } from '../reasons/failure.ts';

/** Each check is given this long, milliseconds; obtaining async-profiler the first time takes longer. */
export const deadlineMs = 15_000;
/** HTTP dates have whole seconds; what is signed bears minutes. */
const clockToleranceMs = 30_000;

/** Demands 2xx and a clock near ours. Rejects with service-unreachable, service-refused, clock-skew. */
export async function ask(url: string, headers: Record<string, string>): Promise<string> {
  const response = await get(url, headers);
  await response.arrayBuffer();
  if (!response.ok)
    throw new Failure('service-refused', { detail: `${new URL(url).origin} answers ${response.status}` });
  compareClocks(response.headers.get('date') ?? '', new URL(url).origin);
  return 'answers';
}

/** Rejects with clock-skew when the service's clock, by its `Date` header (or ''), is more than 30 s from ours. */
export function compareClocks(header: string, origin: string): void {
  const date = Date.parse(header);
  const skew = Number.isNaN(date) ? 0 : Date.now() - date;
  if (Math.abs(skew) > clockToleranceMs)
    throw new Failure('clock-skew', {
      detail: `${Math.round(Math.abs(skew) / 1000)} s against ${origin}`,
    });
}

/** The answer, whatever its status. Rejects with service-unreachable. */
export async function get(url: string, headers: Record<string, string>): Promise<Response> {
  try {
    return await fetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(deadlineMs) });
  } catch (error) {
    throw new Failure('service-unreachable', { detail: new URL(url).origin, cause: error });
  }
}
