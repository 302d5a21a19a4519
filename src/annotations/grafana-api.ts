import { z } from 'zod';
import { Failure } from '../reasons/failure.ts';
import type { ReasonCode } from '../reasons/reasons.ts';

export interface GrafanaAccess {
  /** Grafana's root, with its sub-path: `https://example.com/grafana`. */
  url: string;
  /** A service account's token; asked for at every request, so that a rotated file is read again. */
  token: () => Promise<string>;
  /** Milliseconds until a request is given up. Default 10,000. */
  requestTimeoutMs?: number | undefined;
}

/** A mark as Grafana gives it back. `panelId` 0 is the whole dashboard. */
const annotationSchema = z.object({
  id: z.number().int(),
  dashboardUID: z.string().nullish(),
  panelId: z.number().int().nullish(),
  time: z.number(),
  timeEnd: z.number().nullish(),
  text: z.string(),
  tags: z.array(z.string()).nullish(),
});
export type GrafanaAnnotation = z.infer<typeof annotationSchema>;

export interface NewAnnotation {
  /** Left out: a mark of the organization, shown by tag queries only. */
  dashboardUID?: string;
  panelId?: number;
  /** Epoch milliseconds; seconds would be accepted and never be seen. */
  time: number;
  timeEnd?: number;
  text: string;
  tags: string[];
}

/** The few calls of Grafana's HTTP API that flamepin makes. */
export interface GrafanaApi {
  /** Marks with all of the tags, newest first, at most 100; of one dashboard, panel or time, when given. */
  find(
    filter: { tags: readonly string[]; dashboardUID?: string; panelId?: number; from?: number; to?: number },
    signal: AbortSignal,
  ): Promise<GrafanaAnnotation[]>;
  create(annotation: NewAnnotation, signal: AbortSignal): Promise<number>;
  /** False: there is no such mark any more. */
  change(id: number, change: Partial<NewAnnotation>, signal: AbortSignal): Promise<boolean>;
  remove(id: number, signal: AbortSignal): Promise<void>;
  /**
   * The dashboard's JSON, as it is, and whether this token may mark it (null: this Grafana does not say);
   * panel-not-found when there is none.
   */
  dashboard(uid: string, signal: AbortSignal): Promise<{ dashboard: unknown; mayMark: boolean | null }>;
  /** UIDs of dashboards that the token may read, in Grafana's own order, at most `limit`. */
  dashboards(limit: number, signal: AbortSignal): Promise<string[]>;
  /** Alerts of Grafana-managed rules that would be sent now, as Alertmanager's API lists them. */
  firingAlerts(signal: AbortSignal): Promise<unknown[]>;
}

/** What a status means for one call, where it is not the usual. */
type Meanings = Readonly<Record<number, ReasonCode>>;

/** Dashboards with thousands of panels have a few MB; more is not read. */
const largestAnswerBytes = 32 * 1024 * 1024;

/**
 * Grafana's older annotations API, which every version up to 13 serves; its successor is off by default there.
 * Bodies are always JSON: a form is answered with 200 and loses panel and dashboard (grafana#23246).
 */
export function grafanaApi({ url, token, requestTimeoutMs = 10_000 }: GrafanaAccess): GrafanaApi {
  const root = url.replace(/\/+$/, '');

  async function call(method: string, path: string, body: unknown, signal: AbortSignal) {
    const headers: Record<string, string> = {
      accept: 'application/json',
      authorization: `Bearer ${await readToken(token)}`,
    };
    if (body !== undefined) headers['content-type'] = 'application/json';
    try {
      const answer = await fetch(`${root}/api${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // A redirect leads to a login page, and that answers 200.
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]),
      });
      return { status: answer.status, text: await boundedText(answer) };
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw new Failure('grafana-unavailable', {
        detail: `${method} ${root}/api${path}: ${networkCode(error)}`,
        cause: error,
      });
    }
  }

  /** Calls and parses; every status but 200 is a Failure. */
  async function ask<T>(
    schema: z.ZodType<T>,
    method: string,
    path: string,
    body: unknown,
    signal: AbortSignal,
    meanings: Meanings = {},
  ) {
    const { status, text } = await call(method, path, body, signal);
    if (status !== 200) throw refusal(method, path, status, text, meanings);
    const parsed = schema.safeParse(parseJson(text));
    if (!parsed.success)
      throw new Failure('grafana-rejected', {
        detail: `${method} /api${path} did not answer as Grafana does: ${text.slice(0, 200)}`,
      });
    return parsed.data;
  }

  return {
    find({ tags, dashboardUID, panelId, from, to }, signal) {
      const query = new URLSearchParams({ type: 'annotation', limit: '100' });
      for (const tag of tags) query.append('tags', tag);
      if (dashboardUID !== undefined) query.set('dashboardUID', dashboardUID);
      if (panelId !== undefined) query.set('panelId', String(panelId));
      if (from !== undefined && to !== undefined) {
        query.set('from', String(from));
        query.set('to', String(to));
      }
      return ask(
        z.array(annotationSchema),
        'GET',
        `/annotations?${query.toString()}`,
        undefined,
        signal,
        // The rest of the question is always well formed: it is the dashboard that Grafana does not know.
        dashboardUID === undefined ? {} : { 400: 'panel-not-found' },
      );
    },

    async create(annotation, signal) {
      const created = z.object({ id: z.number().int().positive() });
      return (await ask(created, 'POST', '/annotations', annotation, signal, { 404: 'panel-not-found' })).id;
    },

    async change(id, change, signal) {
      const { status, text } = await call('PATCH', `/annotations/${id}`, change, signal);
      if (status === 404) return false;
      if (status !== 200) throw refusal('PATCH', `/annotations/${id}`, status, text);
      return true;
    },

    async remove(id, signal) {
      const { status, text } = await call('DELETE', `/annotations/${id}`, undefined, signal);
      if (status !== 200 && status !== 404) throw refusal('DELETE', `/annotations/${id}`, status, text);
    },

    async dashboard(uid, signal) {
      const path = `/dashboards/uid/${encodeURIComponent(uid)}`;
      const { dashboard, meta } = await ask(foundSchema, 'GET', path, undefined, signal, {
        404: 'panel-not-found',
      });
      return { dashboard, mayMark: mayMark(meta?.annotationsPermissions?.dashboard) };
    },

    async dashboards(limit, signal) {
      const query = new URLSearchParams({ type: 'dash-db', limit: String(limit) });
      const hits = z.array(z.object({ uid: z.string() }));
      const found = await ask(hits, 'GET', `/search?${query.toString()}`, undefined, signal);
      return found.slice(0, limit).map(({ uid }) => uid);
    },

    async firingAlerts(signal) {
      const path = '/alertmanager/grafana/api/v2/alerts?active=true&silenced=false&inhibited=false';
      return ask(z.array(z.unknown()), 'GET', path, undefined, signal);
    },
  };
}

/** AnnotationActions of Grafana's API definitions; since Grafana 9. */
const actionsSchema = z.object({
  canAdd: z.boolean().default(false),
  canEdit: z.boolean().default(false),
  canDelete: z.boolean().default(false),
});
const foundSchema = z.object({
  dashboard: z.unknown(),
  meta: z
    .object({ annotationsPermissions: z.object({ dashboard: actionsSchema.nullish() }).nullish() })
    .nullish(),
});

function mayMark(actions: z.infer<typeof actionsSchema> | null | undefined): boolean | null {
  return actions == null ? null : actions.canAdd && actions.canEdit && actions.canDelete;
}

async function readToken(token: () => Promise<string>): Promise<string> {
  try {
    return await token();
  } catch (error) {
    throw error instanceof Failure
      ? error
      : new Failure('grafana-denied', { detail: 'the token could not be read', cause: error });
  }
}

function refusal(
  method: string,
  path: string,
  status: number,
  text: string,
  meanings: Meanings = {},
): Failure {
  const parsed = z.object({ message: z.string() }).safeParse(parseJson(text));
  const words = parsed.success ? parsed.data.message : text;
  const detail = `${method} /api${path.slice(0, 200)} → ${status} ${words.slice(0, 300)}`.trim();
  if (status === 401 || status === 403) return new Failure('grafana-denied', { detail });
  const meaning = meanings[status];
  if (meaning !== undefined) return new Failure(meaning, { detail });
  if (status === 429 || status >= 500) return new Failure('grafana-unavailable', { detail });
  return new Failure('grafana-rejected', { detail });
}

async function boundedText(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const body: AsyncIterable<Uint8Array> | null = answer.body;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > largestAnswerBytes)
      throw new Failure('grafana-rejected', { detail: 'an answer of more than 32 MB' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** ECONNREFUSED and its like are in the cause of fetch's TypeError. */
function networkCode(error: unknown): string {
  if (!(error instanceof Error)) return 'error';
  const { cause } = error;
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string'
    ? cause.code
    : error.name;
}
