import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, Request, Response } from 'express';
import { z } from 'zod';
import type { Log } from '../captures/log.ts';
import { asFailure, describeReason } from '../reasons/failure.ts';
import type { Link } from '../profile/link.ts';
import type { ReasonCode } from '../reasons/reasons.ts';
import { messagePage } from './layout.ts';

/** A refusal of a request: what is wrong with it, and what to do. */
export class RequestProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly remedy: string;

  constructor(status: number, code: string, message: string, remedy: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.remedy = remedy;
  }
}

/** Faults after which a sender should try again: it gets 503, which Alertmanager retries. */
const unavailable: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'ledger-full',
  'ledger-locked',
  'ledger-lost',
  'ledger-unavailable',
  'queue-stuck',
  'store-unavailable',
  'store-denied',
  'store-missing',
]);

/** RFC 9457, with members of our own. */
export const problemSchema = z
  .object({
    status: z.int().meta({ description: 'The status code, again.' }),
    title: z.string().meta({ description: 'The status as text.' }),
    error: z.string().meta({ description: 'A code that programs can rely on.', example: 'capture-unknown' }),
    message: z.string().meta({ description: 'What is wrong.' }),
    remedy: z.string().meta({ description: 'What to do about it.' }),
    headline: z
      .string()
      .optional()
      .meta({ description: 'For an artifact that is gone: what was found in it.' }),
  })
  .meta({ id: 'Problem' });
type ProblemJson = z.infer<typeof problemSchema>;

export const problemType = 'application/problem+json';

interface Problem {
  status: number;
  code: string;
  message: string;
  remedy: string;
  headline?: string;
}

/** What a browser shows instead of the JSON. */
interface ProblemPage {
  title: string;
  /** Instead of the problem's own remedy. */
  remedy?: string;
  next?: Link;
  /** It may soon be otherwise: the page looks again by itself. */
  follows?: boolean;
}

/** JSON, unless a browser asks for a page by name: tools and senders take anything. */
export function sendProblem(request: Request, response: Response, problem: Problem): void {
  const asPage = request.accepts(['json', problemType, 'html']) === 'html';
  send(response, problem, asPage ? { title: titles[problem.status] ?? 'Problem' } : null);
}

/** A page, unless a program asks for JSON by name: for addresses that people open. */
export function sendProblemPage(
  request: Request,
  response: Response,
  problem: Problem,
  page: ProblemPage,
): void {
  send(response, problem, wantsJson(request) ? null : page);
}

/** True when the reader asked for data rather than a page. */
export function wantsJson(request: Request): boolean {
  const type = request.accepts(['html', 'json', problemType]);
  return type !== false && type !== 'html';
}

function send(response: Response, problem: Problem, page: ProblemPage | null): void {
  const { status, code, message, remedy, headline } = problem;
  response.status(status).vary('Accept');
  if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="flamepin"');
  if (page !== null) {
    response.send(
      messagePage({
        title: page.title,
        sentence: message,
        remedy: page.remedy ?? remedy,
        next: page.next,
        follows: page.follows,
      }),
    );
    return;
  }
  const json: ProblemJson = {
    status,
    title: STATUS_CODES[status] ?? 'Problem',
    error: code,
    message,
    remedy,
    ...(headline === undefined ? {} : { headline }),
  };
  response.type(problemType).send(JSON.stringify(json));
}

const titles: Readonly<Record<number, string>> = { 401: 'Unauthorized', 403: 'Turned off', 404: 'Not found' };

/** Faults of a notification that no later attempt can fix. */
const badRequest: ReadonlyMap<ReasonCode, number> = new Map<ReasonCode, number>([
  ['notification-malformed', 400],
  ['notification-version', 400],
  ['notification-too-large', 413],
]);

interface ProblemParts {
  log: Log;
  /** What to answer where a secret was wrong. */
  judge(request: Request, response: Response, problem: RequestProblem): RequestProblem;
  /** Told of every problem, by its code. */
  refused(response: Response, code: string): void;
}

/** The last handler: every error becomes a status, a code and two sentences; our own faults are logged, never shown. */
export function problemHandler(parts: ProblemParts): ErrorRequestHandler {
  const { log } = parts;
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const theirs = error instanceof RequestProblem ? error : requestFault(error);
    if (theirs !== undefined) {
      const problem = parts.judge(request, response, theirs);
      parts.refused(response, problem.code);
      sendProblem(request, response, problem);
      return;
    }
    const failure = asFailure(error);
    const { sentence, remedy } = describeReason(failure.reason);
    const status = badRequest.get(failure.code) ?? (unavailable.has(failure.code) ? 503 : 500);
    if (status < 500)
      log.warn({ path: request.path, reason: failure.code, detail: failure.detail }, 'request refused');
    else log.error({ err: error, path: request.path }, 'request failed');
    parts.refused(response, failure.code);
    const message = status < 500 && failure.detail !== '' ? `${sentence} ${failure.detail}` : sentence;
    sendProblem(request, response, { status, code: failure.code, message, remedy });
  };
}

/** A fault of the request: express gives those, and only those, a status of 4xx. */
function requestFault(error: unknown): RequestProblem | undefined {
  if (!(error instanceof Error) || !('status' in error)) return undefined;
  const { status, message } = error;
  if (typeof status !== 'number' || status < 400 || status >= 500) return undefined;
  return new RequestProblem(
    status,
    'request-malformed',
    `The request cannot be read: ${message}.`,
    'Check the address, the headers and the body that were sent.',
  );
}

/** 400: what was sent as JSON is not JSON. */
export function notJson(remedy: string): RequestProblem {
  return new RequestProblem(400, 'not-json', 'The body is not JSON.', remedy);
}

/** 413, with the limit that was exceeded, in bytes, and what to do. */
export function bodyTooLarge(limit: number, remedy: string): RequestProblem {
  return new RequestProblem(
    413,
    'body-too-large',
    `The body is larger than ${limit < 1024 ** 2 ? `${Math.floor(limit / 1024)} KiB` : `${Math.floor(limit / 1024 ** 2)} MiB`}.`,
    remedy,
  );
}
