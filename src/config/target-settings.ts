import { z } from 'zod';
import { targetKinds, type TargetKind } from '../captures/target-kinds.ts';
import { path, pattern, section } from './fields.ts';

/**
 * How each kind of target is reached. One flamepin has one setting per kind; it can stand under `targets`, or in
 * the routes that use it (then they must agree). `process` belongs to a single route, and `sibling` may.
 */

const process = pattern.optional();
/** Profile a healthy sibling pod in the same window, to compare with. Default false. */
const sibling = z.boolean().optional();

const kubernetes = {
  /** kubeconfig file. Default, as kubectl does: $KUBECONFIG, ~/.kube/config, then the pod's own service account. */
  kubeconfig: path.optional(),
  /** Context of the kubeconfig; default: its current one. */
  context: z.string().min(1).optional(),
  /** This cluster's name; an alert whose `cluster` label says another is refused. Default: the label is not looked at. */
  cluster: z.string().min(1).optional(),
  /** Namespaces in which pods may be looked for and profiled. Default: all that the rights allow. */
  namespaces: z.array(z.string().min(1)).min(1).optional(),
  /** Ephemeral containers for images without a shell. Default: off. */
  ephemeral: section({
    /** Image that holds async-profiler, best with a digest. */
    image: z.string().min(1),
    /** Default IfNotPresent. */
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent'),
  }).optional(),
  /** Never profile the only ready replica of a workload. Default false. */
  protectOnlyReplica: z.boolean().optional(),
  /** Profile only workloads with `flamepin.io/profile: allow`. Default false: all but those with `deny`. */
  requireOptIn: z.boolean().optional(),
};

const docker = {
  /** Unix socket of the engine. Default /var/run/docker.sock. */
  socket: path.optional(),
};

const ssh = {
  /** Default: what ~/.ssh/config says for the host. */
  user: z.string().min(1).optional(),
  /** Default: what ~/.ssh/config says, else 22. */
  port: z.number().int().min(1).max(65535).optional(),
  identityFile: path.optional(),
  /** Host keys; unknown hosts are always refused. Default ~/.ssh/known_hosts. */
  knownHostsFile: path.optional(),
  /** Hosts that alerts may lead to, each an RE2 that fits the whole name. Default: any with a known host key. */
  hosts: z.array(pattern).min(1).optional(),
};

/** `target` of a baseline: exactly one kind. */
const targetKindSections = {
  /** A JVM in a pod. `process`: RE2 over the command line, when several JVMs run in the container. */
  kubernetes: section({ ...kubernetes, process }).optional(),
  /** A JVM in a container of the Docker engine on this machine. */
  docker: section({ ...docker, process }).optional(),
  /** A JVM on this machine. */
  host: section({ process }).optional(),
  /** A JVM on the host that the alert names, over OpenSSH. */
  ssh: section({ ...ssh, process }).optional(),
};

type WrittenTarget = {
  [kind in TargetKind]?: { process?: string | undefined; sibling?: boolean | undefined } | undefined;
};

function exactlyOne(written: WrittenTarget, context: z.RefinementCtx) {
  const chosen = targetKinds.filter((kind) => written[kind] !== undefined);
  const [kind] = chosen;
  if (kind === undefined || chosen.length > 1) {
    context.issues.push({
      code: 'custom',
      message: kind === undefined ? 'no kind of target' : `several kinds of target (${chosen.join(', ')})`,
      params: { remedy: `Write exactly one of: ${targetKinds.map((each) => `${each}: {}`).join(', ')}.` },
      input: written,
    });
    return z.NEVER;
  }
  const { process, sibling, ...settings } = { process: undefined, sibling: undefined, ...written[kind] };
  const adapter: Readonly<Record<string, unknown>> = settings;
  return { kind, process: process ?? null, sibling: sibling ?? null, settings: adapter };
}

/** `target` of a workload that baselines are taken of: there is nothing to compare them with. */
export const baselineTargetSchema = section(targetKindSections).transform(exactlyOne);

/** `target` of a route. `sibling` null: as `targets` says. */
export const routeTargetSchema = section({
  ...targetKindSections,
  kubernetes: section({ ...kubernetes, process, sibling }).optional(),
}).transform(exactlyOne);

/** `targets`: settings per kind, before defaults. */
export const targetsSchema = section({
  kubernetes: section({ ...kubernetes, sibling }).optional(),
  docker: section(docker).optional(),
  host: section({}).optional(),
  ssh: section(ssh).optional(),
});

/** The same with defaults: what adapters are made from. */
export const targetSettingsSchema = z.object({
  kubernetes: z.object({
    ...kubernetes,
    protectOnlyReplica: z.boolean().default(false),
    requireOptIn: z.boolean().default(false),
    sibling: z.boolean().default(false),
  }),
  docker: z.object({ socket: z.string().default('/var/run/docker.sock') }),
  host: z.object({}),
  ssh: z.object(ssh),
});
export type TargetSettings = z.infer<typeof targetSettingsSchema>;
