import type { RequestListener } from 'node:http';
import type { HostInventory } from '../alerts/host-inventory.ts';
import { identifySource } from '../alerts/signature.ts';
import { compareCaptures } from '../captures/analysis/compare-captures.ts';
import { exportProfiles } from '../captures/analysis/export-profile.ts';
import type { ArtifactStore } from '../captures/artifact-store.ts';
import { captureId } from '../captures/capture-id.ts';
import type { Ledger } from '../captures/ledger.ts';
import type { Log } from '../captures/log.ts';
import { manualDecision } from '../captures/manual.ts';
import { kindOfUri } from '../captures/target-kinds.ts';
import type { Worker } from '../captures/worker/worker.ts';
import type { Configuration } from '../config/load.ts';
import { currentCredentials } from '../config/sources.ts';
import { pageScript, pageStyle } from '../flamegraph/page-bundle.ts';
import { createApp, type AppParts } from '../http/app.ts';
import { openApiRoute } from '../http/openapi/route.ts';
import { decideAll, hasSiblings } from '../routing/decide.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { version } from '../version.ts';
import { storeTraits, type SignLink } from './open-store.ts';
import type { ObservedTargets } from './observe-targets.ts';
import { panelUrl } from './panel-url.ts';
import { profilerLinks } from './profiler-links.ts';
import { routingRules } from './routing-rules.ts';

interface OpenedParts {
  ledger: Ledger;
  store: ArtifactStore;
  signLink: SignLink | undefined;
  metrics: Metrics;
  worker: Worker;
  /** Mode observe only. */
  observed: ObservedTargets | null;
  inventory: HostInventory | null;
  now: () => number;
  log: Log;
}

/** The HTTP interface over what has been opened. */
export async function openApp(configuration: Configuration, parts: OpenedParts): Promise<RequestListener> {
  const { server, storage, limits, secrets, applicationPackages } = configuration;
  const { ledger, store, signLink, worker, now } = parts;
  return createApp({
    ...parts,
    openApi: openApiRoute(version),
    ...sourceChecks(configuration),
    bodyLimit: limits.maxNotificationBytes,
    listensOn: server.host,
    publicUrl: server.publicUrl ?? null,
    applicationPackages,
    profilerLinks: (capture) => profilerLinks(capture, configuration),
    panelUrl: (capture) => panelUrl(capture, configuration.grafana?.url),
    signedLink: storeTraits(storage).links?.redirects === true ? (signLink ?? null) : null,
    recordingsToken: reader(secrets.recordingsToken),
    capturesToken: reader(secrets.capturesToken),
    assets: { script: await pageScript(), style: await pageStyle() },
    compare: compareCaptures(store, applicationPackages, limits.maxRecordingBytes),
    exportProfile: exportProfiles(store, limits.maxRecordingBytes),
    decide: decider(configuration, parts),
    requestManually: manualRequests(configuration, parts),
    setPaused: (paused) => ledger.setPaused(paused),
    storeNow: async (id) => {
      const due = await ledger.storeNow(id, now());
      worker.wake();
      return due;
    },
    accepted: (alerts, accepted) => {
      worker.wake();
      parts.observed?.observe(alerts, accepted);
    },
    stuck: () => worker.stuck(),
  });
}

/** Who may send. Secrets are read anew for each request, so that they can be rotated. */
function sourceChecks({ sources }: Configuration): Pick<AppParts, 'identify' | 'guarded'> {
  return {
    identify: (sender, request) =>
      identifySource(sources.filter((source) => source.sender === sender).map(currentCredentials), request),
    guarded: (sender) =>
      sources.every(
        (source) =>
          source.sender !== sender ||
          source.bearerToken !== null ||
          source.basic !== null ||
          source.signature !== null,
      ),
  };
}

function decider(configuration: Configuration, { ledger, inventory, log }: OpenedParts): AppParts['decide'] {
  const { limits } = configuration;
  return async (alerts, now) => {
    const rules = { ...routingRules(configuration, inventory), paused: await ledger.paused() };
    const moment = {
      now,
      newId: () => captureId(now),
      deadlineMs: limits.deadline,
      queueLimit: limits.queue,
    };
    return decideAll(alerts, rules, moment, ({ fingerprint }, error) =>
      log.error({ err: error, fingerprint }, 'cannot decide on this alert'),
    );
  };
}

function manualRequests(
  { targets, limits }: Configuration,
  { ledger, worker, now }: OpenedParts,
): AppParts['requestManually'] {
  return async (request) => {
    const kind = kindOfUri(request.target);
    const sibling = hasSiblings(kind) && targets[kind].sibling;
    const decision = manualDecision({ ...request, kind, sibling }, now(), limits);
    await ledger.accept([decision], now());
    worker.wake();
    return decision.id;
  };
}

const reader = (secret: { read(): string } | null): (() => string) | null =>
  secret === null ? null : () => secret.read();
