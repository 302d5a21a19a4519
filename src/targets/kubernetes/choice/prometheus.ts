import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request as requestPlain, type IncomingMessage } from 'node:http';
import { request as requestOverTls } from 'node:https';
import { z } from 'zod';

/** Where the alert's own expression can be queried again. */
export interface PrometheusSettings {
  /** `http://prometheus:9090`, with a path prefix if it has one. */
  url: string;
  /** Who has its alerting rules, where that is another server: vmalert, a ruler. Default: `url`. */
  rulesUrl?: string | undefined;
  /** Its current bearer token. Default: none. */
  token?: { read(): string } | null | undefined;
  /** Its user and current password, instead of a token. Default: none. */
  basic?: { username: string; password: { read(): string } } | null | undefined;
  /** Sent with each request: `X-Scope-OrgID` names a tenant of Mimir. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** The authorities that may have signed its certificate, PEM. Default: Node's own. */
  caFile?: string | undefined;
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

/** The server answered, but not the question: it wants other credentials, or is another server than expected. */
export class UnexpectedStatus extends Error {
  constructor(status: number) {
    super(`answers ${status}`);
  }
}

/** No more of it was read. */
class AnswerTooLarge extends Error {
  constructor(maxBytes: number) {
    super(`answers with more than ${maxBytes} bytes`);
  }
}

/** What a server did that gave no answer, for the choice: `answers 403`, `did not answer within 2 s`. */
export function whatItDid(error: unknown): string {
  if (error instanceof UnexpectedStatus || error instanceof AnswerTooLarge) return error.message;
  if (!(error instanceof Error)) return noUse;
  if ([error, error.cause].some((each) => each instanceof Error && each.name === 'TimeoutError'))
    return `did not answer within ${deadlineMilliseconds / 1000} s`;
  return 'code' in error && typeof error.code === 'string' ? `did not answer (${error.code})` : noUse;
}

const noUse = 'gave no usable answer';

export interface PodValue {
  labels: Readonly<Record<string, string>>;
  value: number;
}

/**
 * The values of an expression now, without NaN and infinities. Rejects when Prometheus does not answer with a vector in
 * two seconds, or with more than 10,000 series or 4 MiB, of which no more is read; with QueryRefused when the fault is the
 * query's, and UnexpectedStatus when it is another.
 */
export async function queryNow(
  settings: PrometheusSettings,
  query: string,
  signal: AbortSignal,
): Promise<PodValue[]> {
  const answer = await askPrometheus(settings, '/api/v1/query', signal, {
    form: { query, timeout: '2s', limit: String(maxSeries + 1) },
  });
  // As its API says: 400 for what it cannot read, 422 for what it cannot evaluate. Grafana's proxy has a 400 of its own.
  if ((answer.status === 400 || answer.status === 422) && answer.text.startsWith('{"status":"error"'))
    throw new QueryRefused(`Prometheus answers ${answer.status}`);
  if (answer.status !== 200) throw new UnexpectedStatus(answer.status);
  const { data } = answerSchema.parse(JSON.parse(answer.text));
  if (data.result.length > maxSeries) throw new Error(`more than ${maxSeries} series`);
  return data.result
    .map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
    .filter(({ value }) => Number.isFinite(value));
}

export interface PrometheusAnswer {
  status: number;
  /** Its `Date` header, or ''. */
  date: string;
  text: string;
}

/**
 * One request with the configured credentials, which are read now; a POST when there is a form. Redirects are not followed.
 * Rejects without an answer in `milliseconds` (default two seconds), or with one of more than `maxBytes` (default 4 MiB), of
 * which no more is read.
 */
export async function askPrometheus(
  settings: PrometheusSettings,
  path: string,
  signal: AbortSignal,
  {
    form,
    maxBytes = maxAnswerBytes,
    milliseconds = deadlineMilliseconds,
  }: { form?: Readonly<Record<string, string>>; maxBytes?: number; milliseconds?: number } = {},
): Promise<PrometheusAnswer> {
  const url = new URL(`${settings.url.replace(/\/$/, '')}${path}`);
  const body = form === undefined ? null : new URLSearchParams(form).toString();
  const options = {
    method: body === null ? 'GET' : 'POST',
    headers: {
      ...settings.headers,
      ...authorization(settings),
      ...(body !== null && { 'content-type': 'application/x-www-form-urlencoded' }),
    },
    // A connection of its own: questions are minutes apart.
    agent: false as const,
    signal: AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]),
    ...(settings.caFile !== undefined && { ca: await readFile(settings.caFile) }),
  };
  const request = url.protocol === 'https:' ? requestOverTls(url, options) : requestPlain(url, options);
  request.end(body ?? undefined);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  try {
    return {
      status: response.statusCode ?? 0,
      date: response.headers.date ?? '',
      text: await boundedText(response, maxBytes),
    };
  } finally {
    response.destroy();
  }
}

function authorization({ token, basic }: PrometheusSettings): Record<string, string> {
  const text = token?.read();
  if (text !== undefined) return { authorization: `Bearer ${text}` };
  if (basic === undefined || basic === null) return {};
  const credentials = Buffer.from(`${basic.username}:${basic.password.read()}`).toString('base64');
  return { authorization: `Basic ${credentials}` };
}

async function boundedText(answer: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of answer) {
    size += piece.length;
    if (size > maxBytes) throw new AnswerTooLarge(maxBytes);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
