import type { Express, Router } from 'express';
import { RequestProblem } from './problem.ts';

/** Each address of the app, as Express writes it (`/captures/:id`), with its methods. Redirects and pages included. */
export function routesOf({ stack }: Pick<Router, 'stack'>): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  const add = (path: string, methods: Iterable<string>): void => {
    const known = found.get(path) ?? new Set();
    found.set(path, new Set([...known, ...methods]));
  };
  for (const { route, handle } of stack) {
    if (route !== undefined)
      // A layer for every method has none itself.
      add(
        route.path,
        route.stack.flatMap(({ method }: { method?: string }) => method?.toUpperCase() ?? []),
      );
    else if ('stack' in handle)
      for (const [path, methods] of routesOf(handle as unknown as Router)) add(path, methods);
  }
  return found;
}

/** 405 with `Allow` at every address that has routes, but none for the method. Comes after all routes. */
export function refuseOtherMethods(app: Express): void {
  for (const [path, methods] of routesOf(app.router)) {
    const allowed = [...methods, ...(methods.has('GET') ? ['HEAD'] : [])].join(', ');
    app.route(path).all((request, response) => {
      response.setHeader('Allow', allowed);
      throw new RequestProblem(
        405,
        'method-not-allowed',
        `This address does not accept ${request.method}.`,
        `Use ${allowed} instead.`,
      );
    });
  }
}
