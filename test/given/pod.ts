import { podSchema, type Pod } from '../../src/targets/kubernetes/connection/objects.ts';

export interface GivenPod {
  name?: string;
  node?: string;
  containers?: readonly string[];
  /** Since when its containers have been running. */
  started?: string;
  ready?: boolean;
  /** As the kubelet reports it, `registry/name@sha256:…`. */
  imageID?: string;
  /** Tells a container's lives apart: how often it was restarted. */
  life?: number;
  metadata?: Record<string, unknown>;
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
}

/** A pod of the namespace `shop` that runs and is ready, as the API server lists it. */
export function pod(given: GivenPod = {}): Pod {
  const { name = 'checkout-1', containers = ['app'], life = 0 } = given;
  return podSchema.parse({
    metadata: { name, namespace: 'shop', ...given.metadata },
    spec: {
      ...(given.node !== undefined && { nodeName: given.node }),
      containers: containers.map((each) => ({ name: each })),
      ...given.spec,
    },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: given.ready === false ? 'False' : 'True' }],
      containerStatuses: containers.map((each) => ({
        name: each,
        restartCount: life,
        containerID: `containerd://${name}-${life}`,
        ...(given.imageID !== undefined && { imageID: given.imageID }),
        state: { running: { startedAt: given.started ?? '2026-01-01T00:00:00Z' } },
      })),
      ...given.status,
    },
  });
}
