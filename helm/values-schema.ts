import { z } from 'zod';

/** What helm/values.yaml may hold; values.schema.json is made of it, so that helm refuses the rest by its path. */

const text = z.string();
const names = z.record(text, text);
const things = z.record(text, z.unknown());
const kubernetesName = text.regex(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/);
const namespace = text.regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
const quantity = text.regex(/^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T)?$/);

const registry = text.regex(/^[^\s@]*[^\s@/]$|^$/);
const image = z.strictObject({
  registry,
  repository: text.regex(/^[a-z0-9][a-z0-9._/-]*$/),
  tag: text.regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$|^$/),
  digest: text.regex(/^sha256:[0-9a-f]{64}$|^$/),
  pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
});

/** The configuration's keys of secrets, as docs/configuration.md lists them. */
const secretKey =
  /^(sources\.[a-z0-9][a-z0-9-]{0,62}\.(bearerTokenFile|hmacSecretFile|basic\.passwordFile)|grafana\.tokenFile|prometheus\.(bearerTokenFile|basic\.passwordFile)|access\.(recordings|captures)TokenFile)$/;

const values = z.strictObject({
  global: things.optional(),
  nameOverride: text,
  fullnameOverride: text,
  targetNamespaces: z.array(namespace).meta({ uniqueItems: true }),
  config: things,
  secrets: z.array(
    z.strictObject({
      key: text.regex(secretKey),
      secretName: kubernetesName,
      secretKey: text.regex(/^[-._a-zA-Z0-9]+$/),
    }),
  ),
  awsCredentials: z.strictObject({ secretName: text, secretKey: text.min(1) }),
  imageRegistry: registry,
  image,
  imagePullSecrets: z.array(z.strictObject({ name: kubernetesName })),
  ephemeralContainers: z.strictObject({ enabled: z.boolean(), image }),
  rbac: z.strictObject({
    create: z.boolean(),
    workloads: z.boolean(),
    autoscalers: z.boolean(),
    services: z.boolean(),
    metrics: z.boolean(),
    ephemeralContainers: z.boolean().nullable().optional(),
    clusterWide: z.boolean(),
  }),
  admissionPolicy: z.strictObject({
    enabled: z.boolean(),
    payloads: z.array(
      z.strictObject({
        architecture: z.enum(['linux-x64', 'linux-arm64']),
        asprofBytes: z.int().min(1).max(16_777_216),
        sha256: text.regex(/^[0-9a-f]{64}$/),
      }),
    ),
  }),
  serviceAccount: z.strictObject({ create: z.boolean(), name: text, annotations: names }),
  replicas: z.int().min(0).max(20),
  persistence: z.strictObject({
    enabled: z.boolean(),
    size: quantity,
    storageClass: text,
    accessMode: z.enum(['ReadWriteOnce', 'ReadWriteOncePod']),
    existingClaim: text,
  }),
  openshift: z.boolean(),
  resources: z.strictObject({ requests: things.optional(), limits: things.optional() }),
  service: z.strictObject({
    type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']),
    port: z.int().min(1).max(65_535),
    annotations: names,
  }),
  ingress: z.strictObject({
    enabled: z.boolean(),
    className: text,
    annotations: names,
    host: text.min(1),
    tlsSecretName: text,
  }),
  httpRoute: z.strictObject({ enabled: z.boolean(), parentRefs: z.array(things), hostnames: z.array(text) }),
  networkPolicy: z.strictObject({ enabled: z.boolean(), from: z.array(things), egress: z.array(things) }),
  serviceMonitor: z.strictObject({
    enabled: z.boolean(),
    interval: text.regex(/^[0-9]+(ms|s|m|h)$/),
    labels: names,
  }),
  prometheusRule: z.strictObject({ enabled: z.boolean(), labels: names }),
  dashboard: z.strictObject({ enabled: z.boolean(), labels: names }),
  env: z.array(z.strictObject({ name: text.min(1), value: text })),
  podAnnotations: names,
  podLabels: names,
  nodeSelector: names,
  tolerations: z.array(things),
  affinity: things,
  priorityClassName: text,
});

const configurationSchema = z.looseObject({
  properties: z.looseObject({
    server: z.looseObject({ properties: z.looseObject({}) }),
  }),
});

/**
 * The JSON Schema of the values.
 * @param configuration the JSON Schema of flamepin's configuration; where to listen is the chart's own affair
 */
export function valuesSchema(configuration: unknown): Record<string, unknown> {
  const config = configurationSchema.parse(configuration);
  const { server } = config.properties;
  const listening = without(server.properties, 'host', 'port');
  const schema = z.toJSONSchema(values, { target: 'draft-7' });
  return {
    ...schema,
    properties: {
      ...schema.properties,
      config: withoutDefaults({
        ...without(config, '$schema'),
        properties: { ...config.properties, server: { ...server, properties: listening } },
      }),
    },
  };
}

function without(record: Readonly<Record<string, unknown>>, ...keys: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)));
}

/** A default there makes no difference and reads as if helm set it. */
function withoutDefaults(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutDefaults);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(
        ([key, value]) =>
          key !== 'default' || (typeof value === 'object' && value !== null && 'type' in value),
      )
      .map(([key, value]) => [key, withoutDefaults(value)]),
  );
}
