import { Router, type RequestHandler } from 'express';
import { z } from 'zod';

export const pausedSchema = z.object({ paused: z.boolean() }).meta({ id: 'Paused' });

/** `POST /pause` and `POST /resume`: while paused, no window starts, and alerts are recorded as `paused`. */
export function pauseRoutes(allowed: RequestHandler, setPaused: (paused: boolean) => Promise<void>): Router {
  const router = Router();
  for (const [path, paused] of [
    ['/pause', true],
    ['/resume', false],
  ] as const)
    router.post(path, allowed, async (_request, response) => {
      await setPaused(paused);
      const json: z.infer<typeof pausedSchema> = { paused };
      response.json(json);
    });
  return router;
}
