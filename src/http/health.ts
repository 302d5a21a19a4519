import { Router } from 'express';
import type { Ledger } from '../captures/ledger.ts';
import type { Failure } from '../reasons/failure.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/**
 * `/healthz` (the process answers), `/readyz` (the ledger answers too, and the queue is not stuck), `/metrics` (Prometheus).
 * @param stuck why the queue is stuck; null when it is not
 */
export function healthRoutes(ledger: Ledger, metrics: Metrics, stuck: () => Failure | null): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => {
    response.type('text/plain').send('ok\n');
  });
  router.get('/readyz', async (_request, response) => {
    await ledger.ready();
    await ledger.paused();
    const failure = stuck();
    if (failure !== null) throw failure;
    response.type('text/plain').send('ready\n');
  });
  router.get('/metrics', async (_request, response) => {
    const { queued, resolving, capturing, storing, deliveriesDue } = await ledger.counts();
    metrics.queue({ queued, resolving, capturing, storing, annotating: deliveriesDue });
    metrics.spool(await ledger.spooled());
    const { contentType, text } = await metrics.scrape();
    response.setHeader('Content-Type', contentType);
    response.send(text);
  });
  return router;
}
