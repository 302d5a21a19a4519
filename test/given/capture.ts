import { captureId } from '../../src/captures/capture-id.ts';
import type { Capture } from '../../src/captures/capture.ts';
import { artifactKey } from '../../src/artifacts/keys.ts';
import { firing } from './alert.ts';
import { requested } from './decision.ts';
import { targetOn } from './target.ts';

/** A capture of the shop's checkout, in the middle of its window, on the latency panel. */
export function capturing(changes: Partial<Capture> = {}, startedAt = Date.now() - 30_000): Capture {
  const iso = (offset: number) => new Date(startedAt + offset).toISOString();
  return {
    id: captureId(startedAt),
    state: 'capturing',
    reason: null,
    alert: firing('9f1c0a7be2d34c55', {
      startsAt: iso(-2000),
      labels: { alertname: 'HighLatency', namespace: 'shop', pod: 'checkout-7d9f-x2x', severity: 'critical' },
      annotations: {},
      generatorUrl: '',
    }),
    request: requested({ cooldownSeconds: 900 }),
    panel: { dashboardUid: 'shop', panelId: 2, foundBy: 'the operator’s map' },
    target: {
      ...targetOn('worker-1', 'checkout'),
      uri: 'kubernetes://shop/checkout-7d9f-x2x/app',
      name: 'checkout-7d9f-x2x',
      startedAt: null,
      choice: 'slowest of 3',
      data: {},
    },
    session: null,
    answer: null,
    partial: false,
    artifacts: [],
    timeline: {
      receivedAt: iso(-500),
      resolvedAt: iso(-300),
      startedAt: iso(0),
      firstSampleAt: iso(20),
      windowEndedAt: null,
      collectedAt: null,
      storedAt: null,
      annotatedAt: null,
    },
    storeRetry: null,
    annotation: { state: 'pending', reason: null, id: null },
    alertResolvedAt: null,
    harm: null,
    sibling: null,
    siblingOf: null,
    ...changes,
  };
}

/** The same capture with its answer. */
export function finished(capture: Capture, changes: Partial<Capture> = {}): Capture {
  const startedAt = Date.parse(capture.timeline.startedAt ?? capture.alert.startsAt);
  const iso = (offset: number) => new Date(startedAt + offset).toISOString();
  return {
    ...capture,
    state: 'done',
    answer: {
      headline: 'wall: 61% waiting in HikariPool.getConnection (+58 ±4 pp vs Tue 14:00)',
      confidence: 'certain',
      lines: ['cpu 0.40 → 0.42 cores, unchanged · 184 request threads seen'],
      topFrames: [
        { name: 'com.zaxxer.hikari.pool.HikariPool.getConnection', share: 0.612 },
        { name: 'com.acme.shop.OrderRepository.find', share: 0.221 },
        { name: 'com.acme.shop.Checkout.lambda$price$0', share: 0.048 },
      ],
      comparedWith: { captureId: 'c-01k9aaaaaaaaaaaaaaaaaaaaaa', label: 'Tue 14:00, same image' },
      comparison: null,
      samples: 1676,
    },
    artifacts: (['flamegraph.html', 'flamegraph.svg'] as const).map((name) => ({
      name,
      event: null,
      key: artifactKey(capture.id, name),
      size: 1000,
      contentType: name.endsWith('svg') ? 'image/svg+xml' : 'text/html; charset=utf-8',
      contentEncoding: 'identity',
    })),
    timeline: {
      ...capture.timeline,
      windowEndedAt: iso(30_000),
      collectedAt: iso(30_100),
      storedAt: iso(30_400),
    },
    ...changes,
  };
}
