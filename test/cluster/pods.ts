import assert from 'node:assert/strict';
import { apiPath, statusMessage } from '../../src/targets/kubernetes/connection/api.ts';
import type { Pod } from '../../src/targets/kubernetes/connection/objects.ts';
import type { KubernetesObject, TestNamespace } from './test-namespace.ts';

/** Pods as tests need them: the demo shop in its images' variants. */

export interface ShopOptions {
  /** `17` (busybox shell), `25`, `dash` (glibc shell) or `noshell`. */
  image?: string;
  securityContext?: Record<string, unknown>;
  command?: string[];
  /** Mounts an emptyDir at /tmp, as a read-only root file system needs, or a directory of the node. */
  tmp?: boolean | { readOnly?: boolean; hostPath?: string };
  annotations?: Record<string, string>;
  labels?: Record<string, string>;
  more?: Record<string, unknown>[];
  resources?: Record<string, unknown>;
  /** Not ready before `switchServing` says so. */
  gated?: boolean;
  /** Requests per second that it sends to itself; default 4: a dozen of pods share two cores. */
  load?: number;
}

const serving = 'flamepin.test/serves';
const java = ['/opt/java/bin/java', '-XX:+UseSerialGC', '-Xmx64m', '-cp', '/app', 'PodApplication'];
/** For `sh -c`, which with a second command stays the first process. */
export const javaLine = `${java.join(' ')}; echo ended`;

export function shopPodSpec(options: ShopOptions = {}): Record<string, unknown> {
  const tmp = options.tmp ?? false;
  return {
    terminationGracePeriodSeconds: 0,
    ...(options.gated === true && { readinessGates: [{ conditionType: serving }] }),
    ...(tmp !== false && { volumes: [{ name: 'tmp', ...volumeFor(tmp) }] }),
    containers: [
      {
        name: 'shop',
        image: `localhost/shop:${options.image ?? '17'}`,
        imagePullPolicy: 'Never',
        env: [{ name: 'LOAD', value: String(options.load ?? 4) }],
        ...(options.command && { command: options.command }),
        ...(options.securityContext && { securityContext: options.securityContext }),
        ...(options.resources && { resources: options.resources }),
        ...(tmp !== false && {
          volumeMounts: [
            { name: 'tmp', mountPath: '/tmp', readOnly: typeof tmp === 'object' && tmp.readOnly === true },
          ],
        }),
        ports: [{ containerPort: 9090, name: 'http' }],
        readinessProbe: { tcpSocket: { port: 9090 }, periodSeconds: 1, failureThreshold: 60 },
      },
      ...(options.more ?? []),
    ],
  };
}

function volumeFor(tmp: NonNullable<ShopOptions['tmp']>): Record<string, unknown> {
  const path = typeof tmp === 'object' ? tmp.hostPath : undefined;
  return path === undefined ? { emptyDir: {} } : { hostPath: { path, type: 'Directory' } };
}

export function shopPod(name: string, options: ShopOptions = {}): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name, ...options.labels }, annotations: options.annotations ?? {} },
    spec: shopPodSpec(options),
  };
}

/** Deployment, StatefulSet, DaemonSet with the shop in it. */
export function shopWorkload(
  kind: string,
  name: string,
  replicas: number | null,
  options: ShopOptions = {},
): KubernetesObject {
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name },
    spec: {
      ...(replicas !== null && { replicas }),
      ...(kind === 'StatefulSet' && { serviceName: name, podManagementPolicy: 'Parallel' }),
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name, ...options.labels }, annotations: options.annotations ?? {} },
        spec: shopPodSpec(options),
      },
    },
  };
}

/** Makes a gated pod ready, or takes that from it, as a failing probe does to a pod that is too busy. */
export async function switchServing({ api }: TestNamespace, { metadata }: Pod, on: boolean): Promise<void> {
  const answer = await api.send({
    method: 'PATCH',
    path: apiPath('api', 'v1', 'namespaces', metadata.namespace, 'pods', metadata.name, 'status'),
    contentType: 'application/strategic-merge-patch+json',
    body: { status: { conditions: [{ type: serving, status: on ? 'True' : 'False' }] } },
  });
  assert.equal(answer.status, 200, statusMessage(answer));
}

/** Turns a fault of the shop in this pod on or off; what `strength` means: demo/java/com/acme/shop/Switches.java. */
export async function switchFault(
  pod: Pod,
  fault: 'slow' | 'burn' | 'pool',
  { on = true, strength }: { on?: boolean; strength: number },
): Promise<void> {
  const url = `http://${pod.status.podIP ?? ''}:9090/switch?name=${fault}&on=${on}&strength=${strength}`;
  const answer = await fetch(url, { method: 'POST', signal: AbortSignal.timeout(60_000) });
  assert.equal(answer.status, 200);
}
