import { Router, type RequestHandler } from 'express';
import { z } from 'zod';
import type { Ledger } from '../captures/ledger.ts';
import { captureIdSchema } from './capture-json.ts';
import { jsonBody, readAs } from './json-body.ts';
import { RequestProblem } from './problem.ts';

const keySchema = z
  .string()
  .max(1000)
  .meta({ description: 'Image digest, or workload if the image is unknown.' });

export const blockListSchema = z
  .object({
    blocks: z.array(
      z.object({
        key: keySchema,
        captureId: captureIdSchema,
        reason: z.string().meta({ description: 'What happened to the target.' }),
        since: z.number().meta({ description: 'Milliseconds since the epoch.' }),
      }),
    ),
  })
  .meta({ id: 'BlockList' });

export const releaseSchema = z.object({ key: keySchema }).meta({ id: 'Release' });
export const releasedSchema = z.object({ released: keySchema }).meta({ id: 'Released' });

/** `GET /blocks` and `POST /blocks/release`: images and workloads that are not profiled again until an operator releases them. */
export function blockRoutes(
  allowed: RequestHandler,
  ledger: Pick<Ledger, 'blocks' | 'releaseBlock'>,
): Router {
  const router = Router();
  router.get('/blocks', allowed, async (_request, response) => {
    const json: z.infer<typeof blockListSchema> = { blocks: await ledger.blocks() };
    response.json(json);
  });
  router.post('/blocks/release', allowed, jsonBody, async (request, response) => {
    const { key } = readAs(releaseSchema, request.body, 'Send {"key": "…"}; GET /blocks lists the keys.');
    if (!(await ledger.releaseBlock(key)))
      throw new RequestProblem(
        404,
        'block-unknown',
        'There is no block with this key.',
        'GET /blocks lists the keys.',
      );
    const json: z.infer<typeof releasedSchema> = { released: key };
    response.json(json);
  });
  return router;
}
