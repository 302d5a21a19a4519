import { Failure } from '../reasons/failure.ts';

/** Silenced and inhibited alerts are left out: no notification of them is sent. */
const alertsPath = '/api/v2/alerts?active=true&silenced=false&inhibited=false';
/** Milliseconds. */
const deadlineMs = 15_000;
/** 10,000 ordinary alerts are 10.8 MB; bytes. */
const largestAnswer = 64 * 1024 * 1024;

/**
 * The alerts that an Alertmanager would send now. Redirects are not followed.
 * @param root `http://alertmanager:9093`, with its path prefix if it has one
 * Rejects with a Failure: service-unreachable, service-refused, alerts-unreadable, notification-too-large.
 */
export async function alertsOf(root: string): Promise<unknown[]> {
  const url = `${root.replace(/\/+$/, '')}${alertsPath}`;
  const { status, text } = await get(url);
  if (status !== 200) throw new Failure('service-refused', { detail: `GET ${url} answers ${status}` });
  const body = parsed(text);
  if (!Array.isArray(body))
    throw new Failure('alerts-unreadable', { detail: `GET ${url} does not answer as Alertmanager does` });
  return body as unknown[];
}

async function get(url: string): Promise<{ status: number; text: string }> {
  try {
    const answer = await fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'manual',
      signal: AbortSignal.timeout(deadlineMs),
    });
    return { status: answer.status, text: await boundedText(answer) };
  } catch (error) {
    if (error instanceof Failure) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const detail = `GET ${url}: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new Failure('service-unreachable', { detail, cause: error });
  }
}

async function boundedText({ body }: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  const stream: AsyncIterable<Uint8Array> | null = body;
  for await (const piece of stream ?? []) {
    bytes += piece.length;
    if (bytes > largestAnswer)
      throw new Failure('notification-too-large', {
        detail: `an answer of more than ${largestAnswer} bytes`,
      });
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
