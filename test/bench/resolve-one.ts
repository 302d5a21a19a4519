import { z } from 'zod';
import { kubernetesTargets } from '../../src/targets/kubernetes/targets.ts';

/**
 * resolve-one.ts KUBECONFIG LABELS: finds a pod as flamepin does on an alert, three times: connecting, and again when
 * the connection is there but the answer no longer known. Prints milliseconds and resident megabytes as JSON.
 */
const [kubeconfig, labels] = process.argv.slice(2);
const wanted = z.record(z.string(), z.string()).parse(JSON.parse(labels ?? ''));
const targets = kubernetesTargets({ kubeconfig, protectOnlyReplica: false, requireOptIn: false });

async function resolve(): Promise<number> {
  const began = performance.now();
  await targets.resolve(
    { labels: wanted, startsAt: new Date().toISOString(), generatorUrl: '' },
    AbortSignal.timeout(30_000),
  );
  return performance.now() - began;
}

const connecting = await resolve();
// Answers are kept for five seconds.
await new Promise((ready) => setTimeout(ready, 5_200));
const connected = await resolve();
await targets.close?.();
process.stdout.write(
  JSON.stringify({
    'time, ms': connected,
    'the first time, ms': connecting,
    'peak memory, MB': process.resourceUsage().maxRSS / 1024,
  }),
);
