import { z } from 'zod';

/** Where the alert's own numbers can be asked for again. */
export interface PrometheusSettings {
  /** `http://prometheus:9090`, with a path prefix if it has one. */
  url: string;
  /** Its bearer token as it is now. Default: none is sent. */
  token?: { read(): string } | null | undefined;
}

const answerSchema = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('vector'),
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }),
    ),
  }),
});

/** A capture does not wait for a slow Prometheus: the spike passes. */
const deadlineMilliseconds = 2_000;

export interface PodValue {
  labels: Readonly<Record<string, string>>;
  value: number;
}

/**
 * The values of an expression now, without NaN and infinities. Rejects when Prometheus does not answer with a vector in
 * two seconds.
 */
export async function queryNow(
  settings: PrometheusSettings,
  query: string,
  signal: AbortSignal,
): Promise<PodValue[]> {
  const url = new URL(`${settings.url.replace(/\/$/, '')}/api/v1/query`);
  const token = settings.token?.read();
  const response = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams({ query, timeout: '2s' }),
    ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMilliseconds)]),
  });
  const { data } = answerSchema.parse(await response.json());
  return data.result
    .map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
    .filter(({ value }) => Number.isFinite(value));
}
