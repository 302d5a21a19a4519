import type { RequestHandler } from 'express';

/** `GET /openapi.json`. The document is made when it is first asked for: `serve` starts without it. */
export function openApiRoute(version: string): RequestHandler {
  let text: Promise<string> | undefined;
  return async (_request, response) => {
    text ??= import('./document.ts').then(({ openApiDocument }) => JSON.stringify(openApiDocument(version)));
    response
      .type('application/json')
      .setHeader('Cache-Control', 'public, max-age=300')
      .send(await text);
  };
}
