import { z } from 'zod';
import { senderNames } from '../alerts/sender.ts';
import { baseUrl, cron, duration, matchers, path, section, size } from './fields.ts';
import { labelsSchema } from './label-settings.ts';
import { linkTemplateSchema } from './link-template.ts';
import { baselineTargetSchema, routeTargetSchema, targetsSchema } from './target-settings.ts';
import { maxCooldownMs } from '../captures/cooldown.ts';
import { captureEventSchema } from '../profile/capture-event.ts';

/**
 * The configuration file. Every duration is written as Prometheus writes it and is milliseconds here; every size
 * is bytes. docs/flamepin.example.yaml shows each key.
 */

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const mebibyte = 1024 ** 2;

/**
 * Window of one capture. Under 15 s a share of a few percent cannot be told from noise; over 60 s the answer comes
 * too late for the person who waits.
 */
const windowSchema = duration(15 * second, minute).refine((ms) => ms % second === 0, {
  error: 'not whole seconds',
  params: { remedy: 'Write whole seconds, 15s to 60s.' },
});

const sourceSchema = section({
  /** Who writes the payloads, and with it the webhook path. Default: the source's name, when it is a sender's. */
  sender: z.enum(senderNames).optional(),
  /** File with the bearer token that the sender must show. */
  bearerTokenFile: path.optional(),
  /** HTTP basic authentication, instead of a bearer token. */
  basic: section({ username: z.string().min(1), passwordFile: path.optional() }).optional(),
  /** File with the secret of Grafana's HMAC signature; asked for in addition when a token or password is set. */
  hmacSecretFile: path.optional(),
  /** Header of the signature. Default X-Grafana-Alerting-Signature (Grafana's own default). */
  signatureHeader: z.string().min(1).default('X-Grafana-Alerting-Signature'),
  /** Header of the signed time, Unix seconds. Default: none, as in Grafana; then a recorded request can be replayed. */
  timestampHeader: z.string().min(1).optional(),
  /** How far the signed time may be from ours, either way. Default 5m. */
  maximumSkew: duration(second, hour).default(5 * minute),
}).superRefine((source, context) => {
  if (source.basic !== undefined && source.bearerTokenFile !== undefined)
    context.addIssue({
      code: 'custom',
      path: ['basic'],
      message: 'both a bearer token and a password are set',
      params: { remedy: 'Keep one of them: a request carries one Authorization header.' },
    });
});

const routeSchema = section({
  /** For logs and `explain`. Default: its place in the list. */
  name: z.string().min(1).max(100).optional(),
  /** All must match; an empty list matches every alert. */
  matchers,
  /** Lead event: cpu, wall, alloc or lock. Default: chosen by the alert's name (see docs). A recording holds all four. */
  event: captureEventSchema.optional(),
  /** Length of the window, 15s to 60s, whole seconds. Default 30s. */
  duration: windowSchema.default(30 * second),
  /** Least time between two captures of one workload. Default 15m. */
  cooldown: duration(0, maxCooldownMs).default(15 * minute),
  target: routeTargetSchema,
});

/** What flamepin or Node sets itself. */
const reservedHeader = /^(?:authorization|host|content-.*|connection|transfer-encoding)$/i;

/** S3 allows ten tags to an object, and three are flamepin's own. */
const mostTags = 7;
const objectTags = z
  .record(z.string().min(1).max(128), z.string().max(256))
  .refine((tags) => Object.keys(tags).length <= mostTags, {
    error: 'too many tags',
    params: { remedy: `Write at most ${mostTags}.` },
  });

const storageSchema = section({
  s3: section({
    bucket: z.string().min(3).max(63),
    /** Default: the SDK's own chain (AWS_REGION, profile). */
    region: z.string().min(1).optional(),
    /** For S3-compatible services. Default: AWS. */
    endpoint: baseUrl.optional(),
    /** `endpoint/bucket/key` instead of `bucket.endpoint/key`. Default false. */
    forcePathStyle: z.boolean().default(false),
    /** Before every key. Default `flamepin/`. */
    prefix: z.string().max(200).default('flamepin/'),
    /** Default: what the bucket does by itself. */
    serverSideEncryption: z.enum(['AES256', 'aws:kms']).optional(),
    kmsKeyId: z.string().min(1).optional(),
    /** `If-None-Match: *` on puts; switch off for services that refuse it. Default true. */
    conditionalWrites: z.boolean().default(true),
    /** The SDK's CRC checksums; switch off for services that refuse them. Default true. */
    checksums: z.boolean().default(true),
    /** Object tags beside flamepin's own (`flamepin`, `workload`, `alert`); false for services without tags. Default {}. */
    tags: z
      .union([z.literal(false), objectTags], { error: 'Write {team: platform}, at most seven, or false.' })
      .default({}),
    /** Answer navigation to an artifact with a redirect to a signed link. Default false: stream through flamepin. */
    signedRedirects: z.boolean().default(false),
    /** Life of a signed link. Default 7d, the most that S3 allows. */
    linkExpiry: duration(minute, 7 * day).default(7 * day),
  }).optional(),
  filesystem: section({
    /** Default ./data/artifacts. */
    directory: path.default('./data/artifacts'),
  }).optional(),
});

const ledgerSchema = section({
  sqlite: section({
    /** Default ./data/flamepin.db. */
    path: path.default('./data/flamepin.db'),
  }).optional(),
});

export const settingsSchema = section({
  /** `observe`: everything but the capture, to see for a week what would be done. Default capture. */
  mode: z.enum(['capture', 'observe']).default('capture'),
  server: section({
    /** Address to listen on. Default 127.0.0.1; beyond loopback every source needs a secret. */
    host: z.string().min(1).default('127.0.0.1'),
    /** Default 8080; 0 picks a free one. */
    port: z.number().int().min(0).max(65535).default(8080),
    /** Where people reach flamepin; links are made of it. Default: none, then signed links or none. */
    publicUrl: baseUrl.optional(),
  }).prefault({}),
  /** Senders by name; the name is part of an alert's identity. Default: each known sender by its own name, without secrets. */
  sources: z
    .record(
      z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, {
        error: 'Use lower-case letters, digits and hyphens, at most 63.',
      }),
      sourceSchema,
    )
    .prefault(Object.fromEntries(senderNames.map((name) => [name, {}]))),
  /** The first that matches wins. Default: none; every alert is then recorded as unrouted. */
  routes: z.array(routeSchema).max(1000).default([]),
  /** Labels of your own that lead to the JVM. Default: none. */
  labels: labelsSchema.prefault({}),
  /** How each kind of target is reached. */
  targets: targetsSchema.prefault({}),
  limits: section({
    /** Windows at once. Default 8. */
    total: z.number().int().min(1).max(200).default(8),
    /** Windows at once on one node. Default 1: a profiler must not become the load. */
    perNode: z.number().int().min(1).max(200).default(1),
    /** How long a capture may wait for its turn before it is skipped. Default 2m. */
    deadline: duration(second, hour).default(2 * minute),
    /** Captures that may wait at once; more are skipped. Default 100. */
    queue: z.number().int().min(1).max(10_000).default(100),
    /** Largest recording. Default 64 MiB. */
    maxRecordingBytes: size(mebibyte, 1024 * mebibyte).default(64 * mebibyte),
    /** Largest notification body. Default 16 MiB: 10,000 ordinary alerts are 10.8 MB. */
    maxNotificationBytes: size(1024, 256 * mebibyte).default(16 * mebibyte),
  }).prefault({}),
  /** Exactly one store. Default: files under ./data/artifacts. */
  storage: storageSchema.prefault({}).transform((written, context) => {
    if (written.s3 !== undefined && written.filesystem !== undefined) {
      context.issues.push(tooMany('s3 and filesystem', written));
      return z.NEVER;
    }
    return written.s3 !== undefined
      ? { kind: 's3' as const, ...written.s3 }
      : { kind: 'filesystem' as const, directory: './data/artifacts', ...written.filesystem };
  }),
  /** Where annotations are made. Default: nowhere. */
  grafana: section({
    /** Root URL as flamepin reaches it. */
    url: baseUrl,
    /** File with a service account token that may read dashboards and write annotations. */
    tokenFile: path.optional(),
    /**
     * Marks of alerts without a panel become marks of the organization: only dashboards with a tag query show them,
     * and they need the right `annotations:type:organization`. Default false: no mark, reason panel-unknown.
     */
    organizationMarks: z.boolean().default(false),
    /** Panels of alerts that do not name theirs; the first entry that matches wins. Default: none. */
    panels: z
      .array(
        section({
          matchers,
          dashboardUid: z.string().regex(/^[A-Za-z0-9_-]{1,40}$/, { error: 'Copy it from /d/UID/… .' }),
          /** Default: the dashboard as a whole. */
          panelId: z.number().int().positive().optional(),
        }),
      )
      .max(1000)
      .default([]),
  }).optional(),
  /** Says which pod of a workload is slow, and answers `doctor`. Default: none. */
  prometheus: section({
    url: baseUrl,
    /** Who has the alerting rules, where that is another server: vmalert, a ruler. Same credentials. Default: url. */
    rulesUrl: baseUrl.optional(),
    bearerTokenFile: path.optional(),
    /** HTTP basic authentication, instead of a bearer token. */
    basic: section({ username: z.string().min(1), passwordFile: path.optional() }).optional(),
    /** Sent with each request: {X-Scope-OrgID: shop}. No secrets. Default {}. */
    headers: z
      .record(
        z
          .string()
          .regex(/^[!#$%&'*+.^_`|~\w-]+$/, { error: 'Write the name of an HTTP header.' })
          .refine((name) => !reservedHeader.test(name), {
            error: 'the client sets this header',
            params: { remedy: 'Credentials belong in bearerTokenFile or basic.' },
          }),
        z.string().regex(/^[\x20-\x7e]*$/, { error: 'Write printable ASCII.' }),
      )
      .default({}),
    /** PEM file with the authorities that sign its certificate. Default: those of Node. */
    caFile: path.optional(),
  })
    .superRefine((prometheus, context) => {
      if (prometheus.basic !== undefined && prometheus.bearerTokenFile !== undefined)
        context.addIssue({
          code: 'custom',
          path: ['basic'],
          message: 'both a bearer token and a password are set',
          params: { remedy: 'Keep one of them: a request carries one Authorization header.' },
        });
    })
    .optional(),
  /** Default: SQLite in ./data/flamepin.db. */
  ledger: ledgerSchema
    .prefault({})
    .transform(({ sqlite }) => ({ kind: 'sqlite' as const, path: './data/flamepin.db', ...sqlite })),
  access: section({
    /** File with the token that downloads recordings, which tell more than pictures. Default: nobody may. */
    recordingsTokenFile: path.optional(),
    /** File with the token for captures by hand and for pausing over HTTP. Default: both are off. */
    capturesTokenFile: path.optional(),
  }).prefault({}),
  retention: section({
    /** Recordings are kept this long. Default 7d. */
    recordings: duration(hour).default(7 * day),
    /** Profiles, pictures and summaries. Default 90d. */
    profiles: duration(hour).default(90 * day),
    /** Who deletes: flamepin's own sweep, or lifecycle rules of the bucket. Default flamepin. */
    enforcedBy: z.enum(['flamepin', 'bucket']).default('flamepin'),
    /** When the sweep runs, UTC. Default `23 * * * *`. */
    schedule: cron.default('23 * * * *'),
  }).prefault({}),
  baselines: section({
    /** When they are taken, UTC. Default `17 *\/6 * * *`. */
    schedule: cron.default('17 */6 * * *'),
    /** Workloads that opted in. Default: none. */
    workloads: z
      .array(
        section({
          /** Labels that lead to it, as an alert would carry them: {namespace: shop, deployment: checkout}. */
          labels: z.record(z.string().min(1), z.string()),
          target: baselineTargetSchema,
          /** Default 30s. */
          duration: windowSchema.default(30 * second),
        }),
      )
      .max(1000)
      .default([]),
  }).prefault({}),
  /** The same window in a continuous profiler. Default: none. */
  links: z.array(linkTemplateSchema).max(20).default([]),
  /** Package prefixes of application code (`com.acme`). Default: recognised by itself. */
  applicationPackages: z
    .array(
      z
        .string()
        .regex(/^[\p{L}\p{N}_$]+(\.[\p{L}\p{N}_$]+)*$/u, { error: 'Write a package: com.acme.shop.' }),
    )
    .default([]),
  profiler: section({
    /** Directory that holds asprof and libasyncProfiler. Default: the cache, filled on first use. */
    directory: path.optional(),
  }).prefault({}),
  log: section({
    /** Default info. */
    level: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  }).prefault({}),
});
export type Settings = z.infer<typeof settingsSchema>;

function tooMany(names: string, input: unknown) {
  return {
    code: 'custom' as const,
    message: `both ${names} are set`,
    params: { remedy: 'Keep one of them.' },
    input,
  };
}
