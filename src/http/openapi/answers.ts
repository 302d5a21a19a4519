import { z } from 'zod';
import type { ZodOpenApiResponseObject, ZodOpenApiResponsesObject } from 'zod-openapi';
import { problemSchema, problemType } from '../problem.ts';

/** Answers that several operations share. */

type Headers = NonNullable<ZodOpenApiResponseObject['headers']>;
type Content = NonNullable<ZodOpenApiResponseObject['content']>;

const text = z.string();
const page: Content = { 'text/html': { schema: text } };
const problem: Content = { [problemType]: { schema: problemSchema } };

export const json = (schema: z.ZodType): Content => ({ 'application/json': { schema } });
export const plain = (type: string): Content => ({ [type]: { schema: text } });

const headers = {
  /** Asked for anew each time: what it shows changes by the second. */
  notStored: { 'Cache-Control': z.literal('no-store') },
  variesByAccept: { Vary: z.string().meta({ description: 'Names `Accept`: a page or JSON.' }) },
} as const;

/** JSON for programs, a page for people, as they ask for it. */
export function pageOrJson(description: string, schema: z.ZodType): ZodOpenApiResponseObject {
  return {
    description,
    headers: z.object({ ...headers.notStored, ...headers.variesByAccept }),
    content: { ...json(schema), ...page },
  };
}

/** The same for everybody, and kept for five minutes. */
export function stored(description: string, content: Content): ZodOpenApiResponsesObject {
  return {
    200: { description, headers: z.object({ 'Cache-Control': z.literal('public, max-age=300') }), content },
    304: { description: 'Unchanged since the `ETag` in `If-None-Match`.' },
    ...answers([421]),
  };
}

const problems = {
  400: 'The request is invalid; `message` lists what is wrong.',
  401: 'No token or signature, or a wrong one.',
  403: 'Turned off: the configuration has no token for it.',
  404: 'Not found.',
  408: 'The body arrived too slowly.',
  409: 'The state of the capture does not allow it.',
  410: 'It has passed its retention; `headline` says what was found.',
  413: 'The body is too large, or holds more than is accepted at once.',
  415: 'The body is not declared as JSON, or has an unsupported encoding.',
  421: 'flamepin does not answer to this `Host`; `server.publicUrl` sets its name.',
  429: 'This address sent many wrong tokens or signatures. The right one is accepted at any time.',
  500: 'An error in flamepin; its log says more.',
  503: 'The ledger or the store cannot be reached, or flamepin is busy: try again later.',
} as const;
type ProblemStatus = keyof typeof problems;

const retryAfter = z.string().meta({ description: 'Seconds.' });
const extraHeaders: Partial<Record<ProblemStatus, Record<string, z.ZodType>>> = {
  401: { 'WWW-Authenticate': z.string() },
  429: { 'Retry-After': retryAfter },
  503: {
    'Retry-After': retryAfter
      .optional()
      .meta({ description: 'Seconds, when flamepin is busy with other requests.' }),
  },
};

/** For an operation with a JSON body. */
export const unreadableBody = [400, 408, 413, 415] as const satisfies readonly ProblemStatus[];

/**
 * Problems that an operation may answer with. Added are those of every one: 421 by a foreign name, 500 and 503 for it
 * asks the ledger, 429 where a secret may be wrong.
 */
export function refusals(...statuses: readonly ProblemStatus[]): ZodOpenApiResponsesObject {
  return answers([...statuses, ...(statuses.includes(401) ? ([429] as const) : []), 421, 500, 503]);
}

/** Of what answers by any name, and asks the ledger. */
export const ledgerFaults = (): ZodOpenApiResponsesObject => answers([500, 503]);

function answers(statuses: readonly ProblemStatus[]): ZodOpenApiResponsesObject {
  return Object.fromEntries(
    statuses.map((status): [string, ZodOpenApiResponseObject] => [
      String(status),
      {
        description: problems[status],
        headers: z.object({ ...headers.variesByAccept, ...extraHeaders[status] }) satisfies Headers,
        content: { ...problem, ...page },
      },
    ]),
  );
}
