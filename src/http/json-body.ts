import type { Request, RequestHandler } from 'express';
import { z } from 'zod';
import { notJson, RequestProblem } from './problem.ts';
import { readBody } from './request-body.ts';

/** Larger than any of these requests needs; bytes. */
const bodyLimit = 16 * 1024;

/** Refuses what is not declared as JSON: 415. */
export function demandJsonType(request: Request, remedy: string): void {
  if (request.is('application/json') !== 'application/json')
    throw new RequestProblem(415, 'content-type', 'The body is not declared as JSON.', remedy);
}

/** Puts the parsed body of a small JSON request on `request.body`. Comes after the token: no memory is set aside. */
export const jsonBody: RequestHandler = async (request, response, next) => {
  demandJsonType(request, 'Send Content-Type: application/json.');
  const body = await readBody(request, response, {
    most: bodyLimit,
    tooLargeRemedy: 'Send only the fields that this request has.',
  });
  try {
    request.body = JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    throw notJson('Send one JSON object.');
  }
  next();
};

/** The body or the query as `schema` reads it; 400 with all of its faults, and `remedy`. */
export function readAs<S extends z.ZodType>(schema: S, given: unknown, remedy: string): z.infer<S> {
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  throw new RequestProblem(400, 'request-invalid', z.prettifyError(read.error), remedy);
}
