import * as http from 'node:http';
import * as https from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { Failure } from '../../../reasons/failure.ts';
import type { Contexts } from './place.ts';

/** Address, credentials and connections for one API server. */
export interface ClusterAccess {
  /** `https://host:port`, without a slash at the end. */
  server: string;
  /** Namespace of the kubeconfig's context, or of flamepin's own pod. */
  namespace: string;
  /** Names of the kubeconfig's contexts, and which of them this is. */
  contexts: Contexts;
  /**
   * Headers and the agent for one request: the token may have been renewed since the last (client-node reads a
   * mounted one again after 60 s), the agent is the same as long as the certificates are.
   */
  authenticate(): Promise<{ headers: Record<string, string>; agent: http.Agent }>;
  close(): void;
}

export interface AccessOptions {
  /** Path of a kubeconfig; null: $KUBECONFIG, ~/.kube/config, then the mounted service account. */
  kubeconfig: string | null;
  /** A context of it; null: the current one. */
  context: string | null;
}

/** Connections to the API server that REST calls may hold; execs are limited by `ExecSlots`. */
const maxRestSockets = 8;
/** kube-apiserver closes idle connections after 90 s; going first avoids writing into one that is closing. */
const idleSocketMilliseconds = 60_000;

/** A credential plugin that takes longer is considered hung, and started again; milliseconds. */
const pluginMilliseconds = 60_000;

/** What client-node finds for a request. */
type Applied = https.RequestOptions & { headers?: Record<string, string> };

/**
 * The only place that knows @kubernetes/client-node, which is good at kubeconfigs and authentication. Its requests and
 * exec are not used: 2.0.1 opens a TLS connection per request and never settles when one breaks.
 * Throws exec-unavailable when there is no usable configuration.
 */
export function accessCluster(options: AccessOptions): ClusterAccess {
  const config = new KubeConfig();
  try {
    if (options.kubeconfig === null) config.loadFromDefault();
    else config.loadFromFile(options.kubeconfig);
    if (options.context !== null) config.setCurrentContext(options.context);
  } catch (cause) {
    throw new Failure('exec-unavailable', { detail: 'no usable kubeconfig', cause });
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw new Failure('exec-unavailable', { detail: `no cluster for context ${options.context ?? ''}` });

  let applying: { options: Promise<Applied>; since: number } | null = null;
  const apply = async (): Promise<Applied> => {
    const found: Applied = {};
    await config.applyToHTTPSOptions(found);
    return found;
  };
  /** One at a time: client-node starts a kubeconfig's plugin per request, without a timeout. */
  const applied = async (): Promise<Applied> => {
    const now = performance.now();
    if (applying !== null && now - applying.since < pluginMilliseconds) return applying.options;
    const mine = { options: apply(), since: now };
    applying = mine;
    try {
      return await mine.options;
    } finally {
      if (applying === mine) applying = null;
    }
  };
  let current: { identity: string; agent: http.Agent } | null = null;
  return {
    server: cluster.server.replace(/\/$/, ''),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
    contexts: {
      connected: config.getCurrentContext(),
      known: config.getContexts().map(({ name }) => name),
    },
    authenticate: async () => {
      const { headers = {}, agent: proxied, ca, cert, key, servername, rejectUnauthorized } = await applied();
      if (cluster.proxyUrl !== undefined && cluster.proxyUrl !== '')
        return { headers, agent: proxied as http.Agent };
      const tls = { ca, cert, key, servername, rejectUnauthorized };
      const identity = JSON.stringify(tls);
      if (current?.identity !== identity) {
        // Certificates were renewed: requests on the old agent finish, and its idle connections close after 60 s.
        const { Agent } = cluster.server.startsWith('http:') ? http : https;
        const agent = new Agent({
          ...withoutUndefined(tls),
          keepAlive: true,
          maxSockets: maxRestSockets,
          timeout: idleSocketMilliseconds,
        });
        current = { identity, agent };
      }
      return { headers, agent: current.agent };
    },
    close: () => {
      current?.agent.destroy();
      current = null;
    },
  };
}

function withoutUndefined(options: https.RequestOptions): https.AgentOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
