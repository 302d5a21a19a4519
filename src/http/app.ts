import express, { type Express, type RequestHandler } from 'express';
import { readFileSync } from 'node:fs';
import type { Log } from '../captures/log.ts';
import type { ArtifactStore } from '../captures/artifact-store.ts';
import type { CompareCaptures } from '../captures/analysis/compare-captures.ts';
import type { ExportProfile } from '../captures/analysis/export-profile.ts';
import type { AcceptedAlert, Ledger } from '../captures/ledger.ts';
import type { Failure } from '../reasons/failure.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { senderNames, type Sender } from '../alerts/sender.ts';
import { alertRoute } from './alerts.ts';
import { artifactRoutes } from './artifacts.ts';
import { capturesTokenOnly } from './access.ts';
import { blockRoutes } from './blocks.ts';
import { captureRoutes, type ManualRequest } from './captures.ts';
import { healthRoutes } from './health.ts';
import { demandOwnHost } from './host-names.ts';
import { refuseOtherMethods } from './method-not-allowed.ts';
import { pauseRoutes } from './pause.ts';
import { problemHandler, sendProblemPage } from './problem.ts';
import { securityHeaders } from './security-headers.ts';
import { storeRoutes } from './store.ts';
import { endUnreadBody } from './unread-body.ts';
import { sourceOf, webhookRoutes } from './webhooks.ts';
import { WrongSecrets } from './wrong-secrets.ts';
import type { SignedRequest, Identified } from '../alerts/signature.ts';
import type { Capture } from '../captures/capture.ts';
import type { Link } from '../profile/link.ts';
import type { AlertDecision } from '../captures/ledger.ts';
import type { Alert } from '../alerts/alert.ts';

export interface AppParts {
  ledger: Ledger;
  store: ArtifactStore;
  metrics: Metrics;
  log: Log;
  /** Answers with the OpenAPI document, which names every route here. */
  openApi: RequestHandler;
  now: () => number;
  identify(sender: Sender, request: SignedRequest): Identified;
  /** Whether every source of that sender has a secret. */
  guarded(sender: Sender): boolean;
  bodyLimit: number;
  /** `server.host` */
  listensOn: string;
  publicUrl: string | null;
  recordingsToken: (() => string) | null;
  /** A link straight to the store, where browsers are sent there; otherwise null. */
  signedLink: ((key: string) => Promise<{ url: string } | undefined>) | null;
  capturesToken: (() => string) | null;
  applicationPackages: readonly string[];
  profilerLinks(capture: Capture): Link[];
  /** The capture's panel in the configured Grafana; null without one. */
  panelUrl(capture: Capture): string | null;
  /** The flame graph's script and style. */
  assets: { script: string; style: string };
  compare: CompareCaptures;
  exportProfile: ExportProfile;
  decide(alerts: readonly Alert[], now: number): Promise<AlertDecision[]>;
  requestManually(manual: ManualRequest): Promise<string>;
  setPaused(paused: boolean): Promise<void>;
  /** Stores now what waits in the spool, for one capture or for all; resolves to the captures concerned. */
  storeNow(id: string | null): Promise<string[]>;
  /** A notification is committed: what was recorded of each alert. */
  accepted(alerts: readonly Alert[], accepted: readonly AcceptedAlert[]): void;
  /** Why the queue is stuck; null when it is not. */
  stuck(): Failure | null;
}

const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M1 2h14v3H1z" fill="#8a94a0"/><path d="M3 6h9v3H3z" fill="#c9822b"/><path d="M5 10h4v4H5z" fill="#d9480f"/></svg>';

/** The whole HTTP surface; who may do what is decided in the routes. */
export function createApp(parts: AppParts): Express {
  const { ledger, metrics, log } = parts;
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use(endUnreadBody);
  app.use(securityHeaders);
  app.use(
    demandOwnHost({
      listensOn: parts.listensOn,
      publicUrl: parts.publicUrl,
      guarded: (path) => {
        const sender = senderOf(path);
        return sender !== undefined && parts.guarded(sender);
      },
    }),
  );
  app.use(healthRoutes(ledger, metrics, () => parts.stuck()));
  app.use(webhookRoutes(parts));

  const beside = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');
  for (const [path, type, text] of [
    ['/page.js', 'text/javascript', parts.assets.script],
    ['/page.css', 'text/css', parts.assets.style],
    ['/follow.js', 'text/javascript', beside('browser/follow.js')],
    ['/control.js', 'text/javascript', beside('browser/control.js')],
    ['/site.css', 'text/css', beside('site.css')],
    ['/icon.svg', 'image/svg+xml', icon],
  ] as const) {
    app.get(path, (_request, response) => {
      response.type(type).setHeader('Cache-Control', 'public, max-age=300').send(text);
    });
  }

  app.get('/alerts/:fingerprint', alertRoute(ledger));
  const allowed = capturesTokenOnly(parts.capturesToken, parts.publicUrl);
  app.use(
    captureRoutes({
      ledger,
      publicUrl: parts.publicUrl,
      applicationPackages: parts.applicationPackages,
      profilerLinks: (capture) => parts.profilerLinks(capture),
      panelUrl: (capture) => parts.panelUrl(capture),
      compare: parts.compare,
      allowed,
      request: (manual) => parts.requestManually(manual),
    }),
  );
  app.use(artifactRoutes(parts));
  app.use(storeRoutes({ allowed, ledger, storeNow: (id) => parts.storeNow(id) }));
  app.use(pauseRoutes(allowed, (paused) => parts.setPaused(paused)));
  app.use(blockRoutes(allowed, ledger));
  app.get('/openapi.json', parts.openApi);
  refuseOtherMethods(app);
  app.use((request, response) => {
    const problem = {
      status: 404,
      code: 'not-found',
      message: 'There is nothing at this address.',
      remedy: 'The newest captures are in the list.',
    };
    sendProblemPage(request, response, problem, { title: 'Not found' });
  });
  const wrongSecrets = new WrongSecrets(log);
  app.use(
    problemHandler({
      log,
      judge: (request, response, problem) => wrongSecrets.judge(request, response, problem),
      refused: (response, code) => {
        const sender = senderOf(response.req.path);
        if (sender !== undefined) metrics.refused({ sender, source: sourceOf(response) }, code);
      },
    }),
  );
  return app;
}

function senderOf(path: string): Sender | undefined {
  return senderNames.find((known) => path === `/webhooks/${known}`);
}
