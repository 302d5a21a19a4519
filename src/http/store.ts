import { Router, type RequestHandler } from 'express';
import { z } from 'zod';
import type { Capture } from '../captures/capture.ts';
import type { Ledger } from '../captures/ledger.ts';
import { isFinal } from '../captures/outcome.ts';
import { unknownCapture } from './capture-gone.ts';
import { captureIdSchema } from './capture-json.ts';
import { RequestProblem, sendProblem } from './problem.ts';

export const storingSchema = z
  .object({
    storing: z.array(captureIdSchema).meta({ description: 'The captures whose files are being stored now.' }),
  })
  .meta({ id: 'Storing' });
type Storing = z.infer<typeof storingSchema>;

interface StoreParts {
  /** Lets through holders of the captures token. */
  allowed: RequestHandler;
  ledger: Pick<Ledger, 'get'>;
  /** Stores now what waits in the spool, for one capture or for all; resolves to the captures concerned. */
  storeNow: (id: string | null) => Promise<string[]>;
}

/** `POST /store` and `POST /captures/{id}/store`: retries now what waits for the store, without waiting for its next try. */
export function storeRoutes({ allowed, ledger, storeNow }: StoreParts): Router {
  const router = Router();
  router.post('/store', allowed, async (_request, response) => {
    const json: Storing = { storing: await storeNow(null) };
    response.status(202).json(json);
  });
  const storeOne: RequestHandler<{ id: string }> = async (request, response) => {
    const capture = await ledger.get(request.params.id);
    if (capture === undefined) {
      sendProblem(request, response, unknownCapture);
      return;
    }
    const json: Storing = { storing: await storeNow(capture.id) };
    if (json.storing.length === 0) throw nothingToStore(capture);
    response.status(202).json(json);
  };
  router.post('/captures/:id/store', allowed as RequestHandler<{ id: string }>, storeOne);
  return router;
}

function nothingToStore(capture: Capture): RequestProblem {
  const { state } = capture;
  return new RequestProblem(
    409,
    'nothing-to-store',
    `Nothing in this capture is waiting to be stored: it is ${state}.`,
    state === 'done'
      ? 'Its files are already in the store.'
      : isFinal(capture)
        ? 'Its recording is no longer in the spool; take a new one with POST /captures.'
        : 'Wait until its window ends.',
  );
}
