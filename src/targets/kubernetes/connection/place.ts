import { z } from 'zod';
import { Failure } from '../../../reasons/failure.ts';

/** What the ledger keeps of a pod: enough to open it again and to check that it is still the same. */
export const podDataSchema = z.object({
  namespace: z.string(),
  pod: z.string(),
  container: z.string(),
  uid: z.string(),
  /** A restart of the container gives a new one. */
  containerId: z.string(),
  restartCount: z.number(),
});
export type PodData = z.infer<typeof podDataSchema>;

/** A pod given by hand. */
export interface NamedPod {
  namespace: string;
  pod: string;
  container: string | null;
}

/** The contexts of the kubeconfig, and which of them is connected to. */
export interface Contexts {
  connected: string;
  known: readonly string[];
}

/**
 * `kubernetes://[context/]namespace/pod[/container]`, each part percent-encoded where it holds a slash. Three parts
 * are ambiguous when the first is the connected context, as a namespace may have the same name (k3s calls its context
 * `default`): both readings are returned, the context first. Throws target-not-found for anything else, or for a context
 * that is not connected.
 */
export function podsNamed(uri: string, contexts: Contexts): NamedPod[] {
  const [, path = ''] = /^kubernetes:\/\/(.+)$/.exec(uri) ?? [];
  const parts = path.split('/').map(decoded);
  const [first = '', ...others] = parts;
  if (parts.length < 2 || parts.length > 4 || parts.includes('')) throw unreadable(uri);
  const withContext = parts.length === 4 || (parts.length === 3 && contexts.known.includes(first));
  if (!withContext) return [placeOf(parts)];
  if (first === contexts.connected) return [placeOf(others), ...(parts.length === 3 ? [placeOf(parts)] : [])];
  throw new Failure('target-not-found', {
    detail:
      `${uri} names the context ${first}, but flamepin is connected to ${contexts.connected}; ` +
      'name the other one as targets.kubernetes.context',
  });
}

function placeOf([namespace = '', pod = '', container]: readonly string[]): NamedPod {
  return { namespace, pod, container: container ?? null };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

function unreadable(uri: string): Failure {
  return new Failure('target-not-found', {
    detail: `${uri} is not kubernetes://[context/]namespace/pod[/container]`,
  });
}
