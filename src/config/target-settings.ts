import { z } from 'zod';
import { addresses, targetKinds, type TargetKind } from '../captures/target-kinds.ts';
import { fixedKeys, isTemplate, type FixedTarget } from '../alerts/fixed-target.ts';
import { isObjectName } from '../alerts/kubernetes-names.ts';
import { duration, path, pattern, section } from './fields.ts';

/**
 * How each kind of target is reached. One flamepin has one setting per kind; it can stand under `targets`, or in
 * the routes that use it (then they must agree). `process` belongs to a single route, and `sibling` may.
 */

const second = 1000;
const minute = 60 * second;

const process = pattern.optional();
/** Profile a healthy sibling, another pod or container of the service, in the same window, to compare with. Default false. */
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

/** A name in Kubernetes, or one made of the alert's labels: `{team}-shop`. */
const fixedName = z
  .string()
  .min(1)
  .max(253)
  .refine((text) => (isTemplate(text) ? /^(?:[a-z0-9.-]|\{[^{}]+\})+$/.test(text) : isObjectName(text)), {
    error: 'cannot be a name in Kubernetes',
    params: { remedy: 'Write the name, or a label of the alert in braces: {team}-shop.' },
  })
  .optional();

/** What the route says about the target, instead of the alert's labels. Default: the labels decide. */
const fixed = Object.fromEntries(fixedKeys.map((key) => [key, fixedName])) as Record<
  (typeof fixedKeys)[number],
  typeof fixedName
>;

/** One Docker engine: a Unix socket here or on a host that is reached over SSH, or an address. */
const engine = section({
  /** Unix socket of a Docker Engine, or of Podman; with `ssh` one on that host. Default there: /var/run/docker.sock. */
  socket: path.optional(),
  /** `[user@]host[:port]`, with what `targets.ssh` says about logging in. */
  ssh: z
    .string()
    .refine((text) => addresses.ssh.pattern.test(`ssh://${text}`) && !text.includes('/'), {
      error: 'Write user@host, with :port if it is not 22.',
    })
    .optional(),
  /** `tcp://host:2376`. Without `tls` anyone on the network is root on that host. */
  url: z
    .string()
    .regex(/^tcp:\/\/(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/, {
      error: 'Write tcp://host:2376.',
    })
    .optional(),
  /** Certificates of the client and the authority that signed the engine's, as `docker --tlsverify` takes them. */
  tls: section({ caFile: path, certFile: path, keyFile: path }).optional(),
}).refine(
  ({ socket, ssh, url }) =>
    url === undefined ? (socket ?? ssh) !== undefined : (socket ?? ssh) === undefined,
  {
    error: 'no address, or two',
    params: { remedy: 'Write socket, ssh or url.' },
  },
);

const docker = {
  /** Engines by name, as in `docker://NAME/container`. Default: `local`, at /var/run/docker.sock. */
  engines: z
    .record(
      z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, {
        error: 'Use lower-case letters, digits and hyphens, at most 63.',
      }),
      engine,
    )
    .refine((engines) => Object.keys(engines).length > 0, { error: 'no engine' })
    .optional(),
  /** A second container beside those without a shell, in their PID namespace. Default: off. */
  secondContainer: section({
    /** Image that holds async-profiler, best with a digest; each engine must have it. */
    image: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/, { error: 'Write the name of an image.' }),
  }).optional(),
  /** Profile only containers with the label `flamepin.io/profile=allow`. Default false: all but those with `deny`. */
  requireOptIn: z.boolean().optional(),
};

const host = {
  /**
   * Further names and addresses of this machine, as alerts may write them: behind NAT, in service discovery. Default: its
   * host name, its addresses and its names in /etc/hosts.
   */
  names: z.array(z.string().min(1).max(253)).optional(),
};

/** A path that OpenSSH's configuration can hold. */
const sshPath = path.regex(/^[^\s"$\\]+$/, {
  error: 'ssh accepts no path with spaces, quotes, $ or backslashes.',
});

/** A label whose value says where to log in. Prometheus drops labels that begin with two underscores before it scrapes. */
const sshLabel = z.string().min(1).max(200).default('__meta_ssh');
const refreshInterval = duration(second, 24 * 60 * minute).default(minute);

const httpUrl = z.string().refine(
  (text) => {
    const url = URL.canParse(text) ? new URL(text) : null;
    return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  },
  {
    error: 'not a usable URL',
    params: { remedy: 'Write http:// or https://; secrets go in bearerTokenFile or basic.' },
  },
);

/** Hosts as Prometheus discovers them: one source, files or a URL. */
const inventorySource = section({
  /** Files of target groups, JSON or YAML; the last part of a path may be a pattern. Read anew when they change. */
  fileSd: section({
    files: z.array(path).min(1).max(100),
    /** Default 1m. */
    refreshInterval,
  }).optional(),
  /** A URL that answers with target groups as JSON. */
  httpSd: section({
    url: httpUrl,
    /** Default 1m. */
    refreshInterval,
    bearerTokenFile: path.optional(),
    /** HTTP basic authentication, instead of a bearer token. */
    basic: section({ username: z.string().min(1), passwordFile: path }).optional(),
    /** PEM file with the authorities that sign its certificate. Default: those of Node. */
    caFile: path.optional(),
  }).optional(),
  /** Label of an entry that says where to log in, `[user@]host[:port]`. Default __meta_ssh; an entry without it: the host of its target. */
  sshLabel,
}).refine(({ fileSd, httpSd }) => (fileSd === undefined) !== (httpSd === undefined), {
  error: 'no source, or two',
  params: { remedy: 'Write either fileSd or httpSd; a second source is another entry of the list.' },
});

const ssh = {
  /** Default: what ~/.ssh/config says for the host. */
  user: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/, { error: 'Write a user name.' })
    .optional(),
  /** Default: what ~/.ssh/config says, else 22. */
  port: z.number().int().min(1).max(65535).optional(),
  /** Private key. Default: what ~/.ssh/config says, then the agent. */
  identityFile: sshPath.optional(),
  /** Host keys, of jump hosts too; unknown hosts are always refused. Default ~/.ssh/known_hosts. */
  knownHostsFile: sshPath.optional(),
  /** Configuration of OpenSSH: jump hosts, certificates. Default ~/.ssh/config, then /etc/ssh/ssh_config. */
  configFile: sshPath.optional(),
  /** Hosts that alerts may lead to, each an RE2 that fits the whole name. Default: any with a known host key, or those of `inventory`. */
  hosts: z.array(pattern).min(1).optional(),
  /** Further ones, from files or URLs of Prometheus. Default: none. */
  inventory: z.array(inventorySource).min(1).max(20).optional(),
};

/** A systemd unit, or one made of the alert's labels: `shop@{tenant}.service`. */
const unit = z
  .string()
  .max(255)
  .refine((text) => /^(?:[A-Za-z0-9:_.\\@-]|\{[^{}]+\})+$/.test(text), {
    error: 'cannot be a systemd unit',
    params: { remedy: 'Write its name, or one with a label of the alert in braces: shop@{tenant}.service.' },
  })
  .optional();

/** `target` of a baseline: exactly one kind. */
const targetKindSections = {
  /** A JVM in a pod. `process`: RE2 over the command line, when several JVMs run in the container. */
  kubernetes: section({ ...kubernetes, process }).optional(),
  /** A JVM in a container of a Docker engine. */
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
  const { process, sibling, ...rest } = { process: undefined, sibling: undefined, ...written[kind] };
  const entries = Object.entries(rest);
  const isFixed = ([key]: [string, unknown]) =>
    key === 'unit' || (fixedKeys as readonly string[]).includes(key);
  const fixed: FixedTarget = Object.fromEntries(entries.filter(isFixed));
  const names = Object.keys(fixed).filter((key) => key !== 'namespace' && key !== 'container');
  if (names.length > 1) {
    context.issues.push({
      code: 'custom',
      message: `several targets (${names.join(', ')})`,
      params: { remedy: 'Keep one of them.' },
      input: written,
    });
    return z.NEVER;
  }
  const adapter: Readonly<Record<string, unknown>> = Object.fromEntries(
    entries.filter((entry) => !isFixed(entry)),
  );
  return { kind, process: process ?? null, sibling: sibling ?? null, fixed, settings: adapter };
}

/** `target` of a workload that baselines are taken of: there is nothing to compare them with. */
export const baselineTargetSchema = section(targetKindSections).transform(exactlyOne);

/** `target` of a route. `sibling` null: as `targets` says. */
export const routeTargetSchema = section({
  ...targetKindSections,
  kubernetes: section({ ...kubernetes, ...fixed, process, sibling }).optional(),
  docker: section({ ...docker, process, sibling }).optional(),
  /** A JVM on this machine. `unit`: the systemd unit it belongs to; default: as the labels say, else any. */
  host: section({ process, unit }).optional(),
  ssh: section({ ...ssh, process, unit }).optional(),
}).transform(exactlyOne);

/** `targets`: settings per kind, before defaults. */
export const targetsSchema = section({
  kubernetes: section({ ...kubernetes, sibling }).optional(),
  docker: section({ ...docker, sibling }).optional(),
  host: section(host).optional(),
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
  docker: z.object({
    ...docker,
    engines: docker.engines.default({ local: { socket: '/var/run/docker.sock' } }),
    requireOptIn: z.boolean().default(false),
    sibling: z.boolean().default(false),
  }),
  host: z.object({ names: host.names.default([]) }),
  ssh: z.object({
    ...ssh,
    // Its durations are milliseconds by now.
    inventory: z.array(z.custom<z.output<typeof inventorySource>>()).default([]),
  }),
});
export type TargetSettings = z.infer<typeof targetSettingsSchema>;
