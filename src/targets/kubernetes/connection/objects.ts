import { z } from 'zod';

/** The API server's objects, as far as flamepin reads them. */

const ownerSchema = z.object({
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z.boolean().optional(),
});

const metadataSchema = z.object({
  name: z.string(),
  namespace: z.string().default(''),
  uid: z.string().default(''),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
  ownerReferences: z.array(ownerSchema).default([]),
  creationTimestamp: z.string().nullable().default(null),
  deletionTimestamp: z.string().nullable().default(null),
});

const terminatedSchema = z
  .object({
    reason: z.string().nullable().default(null),
    exitCode: z.number().nullable().default(null),
  })
  .nullable()
  .default(null);

const containerStatusSchema = z.object({
  name: z.string(),
  ready: z.boolean().default(false),
  restartCount: z.number().default(0),
  imageID: z.string().default(''),
  containerID: z.string().default(''),
  state: z
    .object({
      running: z
        .object({ startedAt: z.string().nullable().default(null) })
        .nullable()
        .default(null),
      waiting: z
        .object({ reason: z.string().nullable().default(null), message: z.string().nullable().default(null) })
        .nullable()
        .default(null),
      terminated: terminatedSchema,
    })
    .prefault({}),
  /** How the previous run of the container ended. */
  lastState: z.object({ terminated: terminatedSchema }).prefault({}),
  /** Who the first process really runs as; containerd 1.6 does not say. */
  user: z
    .object({ linux: z.object({ uid: z.number(), gid: z.number() }).nullable().default(null) })
    .nullable()
    .default(null),
});

const securityContextSchema = z
  .object({
    runAsUser: z.number().nullable().default(null),
    runAsGroup: z.number().nullable().default(null),
  })
  .nullable()
  .default(null);

export const podSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({
    nodeName: z.string().default(''),
    hostNetwork: z.boolean().default(false),
    securityContext: securityContextSchema,
    containers: z.array(
      z.object({ name: z.string(), image: z.string().default(''), securityContext: securityContextSchema }),
    ),
    ephemeralContainers: z
      .array(
        z.object({
          name: z.string(),
          image: z.string().default(''),
          targetContainerName: z.string().nullable().default(null),
        }),
      )
      .default([]),
  }),
  status: z
    .object({
      phase: z.string().default(''),
      reason: z.string().nullable().default(null),
      podIP: z.string().nullable().default(null),
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
      containerStatuses: z.array(containerStatusSchema).default([]),
      ephemeralContainerStatuses: z.array(containerStatusSchema).default([]),
    })
    .prefault({}),
});
export type Pod = z.infer<typeof podSchema>;
export const podListSchema = z.object({ items: z.array(podSchema) });

export const workloadSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({
    selector: z
      .object({
        matchLabels: z.record(z.string(), z.string()).default({}),
        matchExpressions: z
          .array(
            z.object({
              key: z.string(),
              operator: z.string(),
              values: z.array(z.string()).nullable().default(null),
            }),
          )
          .default([]),
      })
      .prefault({}),
  }),
});
export type Workload = z.infer<typeof workloadSchema>;
export const workloadListSchema = z.object({ items: z.array(workloadSchema) });

export const autoscalerSchema = z.object({
  spec: z.object({ scaleTargetRef: z.object({ kind: z.string(), name: z.string() }) }),
});

export const endpointSliceListSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ namespace: z.string().default('') }).prefault({}),
      endpoints: z
        .array(
          z.object({
            targetRef: z
              .object({
                kind: z.string().nullable().default(null),
                name: z.string().nullable().default(null),
              })
              .nullable()
              .default(null),
          }),
        )
        .nullable()
        .default(null),
    }),
  ),
});

export const podMetricsListSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      containers: z.array(z.object({ name: z.string(), usage: z.object({ cpu: z.string() }) })),
    }),
  ),
});

/** A pod's workload, as far as names reveal it without further permissions. */
export interface Owner {
  kind: string;
  name: string;
}

/** What created the pod and would replace it; undefined for a bare pod. */
export function controllerOf({ metadata }: Pod): Pod['metadata']['ownerReferences'][number] | undefined {
  return metadata.ownerReferences.find((each) => each.controller === true);
}

/**
 * The workload of a pod. A Deployment, or Argo's Rollout, is read from its ReplicaSet's name, which ends in the hash that
 * the pod carries as a label, so no right to read ReplicaSets is needed. A bare pod is its own workload.
 */
export function ownerOf(pod: Pod): Owner {
  const { metadata } = pod;
  const owner = controllerOf(pod);
  if (owner === undefined) return { kind: 'Pod', name: metadata.name };
  const hash = metadata.labels['pod-template-hash'];
  if (owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`))
    return { kind: 'Deployment', name: owner.name.slice(0, -hash.length - 1) };
  const rollout = metadata.labels['rollouts-pod-template-hash'];
  if (owner.kind === 'ReplicaSet' && rollout !== undefined && owner.name.endsWith(`-${rollout}`))
    return { kind: 'Rollout', name: owner.name.slice(0, -rollout.length - 1) };
  const configuration = metadata.labels['deploymentconfig'];
  if (owner.kind === 'ReplicationController' && configuration !== undefined)
    return { kind: 'DeploymentConfig', name: configuration };
  // A CronJob's Jobs are named after it and the minute they were due: all of them are one workload.
  if (owner.kind === 'Job') return { kind: 'Job', name: owner.name.replace(/-\d{8,10}$/, '') };
  return { kind: owner.kind, name: owner.name };
}

/** Digest of the image that a container runs; null when the runtime does not say. */
export function imageOf(pod: Pod, container: string): string | null {
  const status = pod.status.containerStatuses.find(({ name }) => name === container);
  return /sha256:[0-9a-f]{64}/.exec(status?.imageID ?? '')?.[0] ?? null;
}

export function isReady(pod: Pod): boolean {
  return pod.status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** Ready and not terminating. */
export function serves(pod: Pod): boolean {
  return isReady(pod) && pod.metadata.deletionTimestamp === null;
}

/** A label selector as a query parameter. */
export function selectorOf(workload: Workload): string {
  const { matchLabels, matchExpressions } = workload.spec.selector;
  const terms = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  for (const { key, operator, values } of matchExpressions) {
    if (operator === 'In') terms.push(`${key} in (${(values ?? []).join(',')})`);
    else if (operator === 'NotIn') terms.push(`${key} notin (${(values ?? []).join(',')})`);
    else if (operator === 'Exists') terms.push(key);
    else if (operator === 'DoesNotExist') terms.push(`!${key}`);
  }
  return terms.join(',');
}
