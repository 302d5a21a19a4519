import { z } from 'zod';

/** Where the alert's own expression can be queried again. */
export interface PrometheusSettings {
  /** `http://prometheus:9090`, with a path prefix if it has one. */
  url: string;
  /** Its current bearer token. Default: none. */
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

/** A capture must not wait for a slow Prometheus: the spike would pass. */
export const deadlineMilliseconds = 2_000;
/** Series of one answer: a hundred pods with as many of their own each. Since Prometheus 2.53; older ones give all. */
const maxSeries = 10_000;
/** Some 300 bytes a series. */
const maxAnswerBytes = 4 * 1024 * 1024;

/** Prometheus answered, but not this query: it is not its PromQL, or matches many to many. */
export class QueryRefused extends Error {}

export interface PodValue {
  labels: Readonly<Record<string, string>>;
  value: number;
}

/**
 * The values of an expression now, without NaN and infinities. Rejects when Prometheus does not answer with a vector in
 * two seconds, or with more than 10,000 series or 4 MiB, of which no more is read; with QueryRefused when the fault is the
 * query's.
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
    body: new URLSearchParams({ query, timeout: '2s', limit: String(maxSeries + 1) }),
    ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMilliseconds)]),
  });
  // As its API says: 400 for what it cannot read, 422 for what it cannot evaluate.
  if (response.status === 400 || response.status === 422)
    throw new QueryRefused(`Prometheus answers ${response.status}`);
  const { data } = answerSchema.parse(JSON.parse(await boundedText(response)));
  if (data.result.length > maxSeries) throw new Error(`more than ${maxSeries} series`);
  return data.result
    .map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
    .filter(({ value }) => Number.isFinite(value));
}

async function boundedText(answer: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const body: AsyncIterable<Uint8Array> | null = answer.body;
  for await (const piece of body ?? []) {
    size += piece.length;
    // Leaving the loop closes the connection.
    if (size > maxAnswerBytes) throw new Error(`an answer of more than ${maxAnswerBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
