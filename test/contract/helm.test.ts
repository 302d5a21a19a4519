import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { z } from 'zod';
import { chartFiles } from '../../helm/chart-files.ts';
import { manifests } from '../../helm/manifests.ts';
import { settingsSchema } from '../../src/config/schema.ts';
import { version } from '../../src/version.ts';
import { writeKubernetesSchemas } from '../setup/kubernetes-schemas.ts';
import { cacheDirectory } from '../setup/cache.ts';
import { loaderVersion } from '../../src/profiler/pinned.ts';

const root = join(import.meta.dirname, '..', '..');
const chart = join(root, 'helm');
const script = (...words: [string, ...string[]]) => execFileSync('sh', words, { encoding: 'utf8' }).trim();

const objectSchema = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
type KubernetesObject = z.infer<typeof objectSchema>;

const source = { key: 'sources.alertmanager.bearerTokenFile', secretName: 'flamepin', secretKey: 'token' };
const least = { targetNamespaces: ['shop'], secrets: [source] };

/** Ways to install, each rendered, linted and checked against the API's schemas. */
const installations: Readonly<Record<string, Record<string, unknown>>> = {
  'the least that works': least,
  'everything at once': {
    ...least,
    targetNamespaces: ['shop', 'payment'],
    secrets: [
      source,
      { key: 'sources.grafana.hmacSecretFile', secretName: 'grafana', secretKey: 'hmac' },
      { key: 'grafana.tokenFile', secretName: 'grafana', secretKey: 'token' },
      { key: 'sources.mimir.basic.passwordFile', secretName: 'mimir', secretKey: 'password' },
      { key: 'access.recordingsTokenFile', secretName: 'flamepin', secretKey: 'recordings' },
    ],
    config: {
      server: { publicUrl: 'https://flamepin.example.com' },
      sources: { mimir: { sender: 'alertmanager', basic: { username: 'mimir' } } },
      routes: [
        {
          matchers: ['alertname=~".*Latency.*"'],
          event: 'wall',
          target: { kubernetes: { process: '.*shop.*' } },
        },
      ],
      storage: { s3: { bucket: 'profiles', region: 'eu-west-1' } },
      grafana: { url: 'https://grafana.example.com' },
      targets: { kubernetes: { cluster: 'prod-eu' } },
    },
    awsCredentials: { secretName: 'aws', secretKey: 'credentials' },
    imageRegistry: 'registry.example.com/mirror',
    image: { digest: `sha256:${'0'.repeat(64)}` },
    imagePullSecrets: [{ name: 'registry' }],
    ephemeralContainers: { enabled: true, image: { registry: 'other.example.com' } },
    admissionPolicy: {
      enabled: true,
      payloads: [{ architecture: 'linux-x64', asprofBytes: 1_000_000, sha256: 'a'.repeat(64) }],
    },
    persistence: { storageClass: 'fast', accessMode: 'ReadWriteOncePod' },
    ingress: { enabled: true, className: 'nginx', tlsSecretName: 'tls' },
    httpRoute: { enabled: true, parentRefs: [{ name: 'public' }], hostnames: ['flamepin.example.com'] },
    networkPolicy: {
      enabled: true,
      from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
      egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }],
    },
    serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
    prometheusRule: { enabled: true },
    dashboard: { enabled: true },
    env: [{ name: 'HTTPS_PROXY', value: 'http://proxy:3128' }],
    podAnnotations: { note: 'a word' },
    podLabels: { team: 'platform' },
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [{ key: 'infra', operator: 'Exists' }],
    priorityClassName: 'high',
  },
  OpenShift: { ...least, openshift: true, persistence: { enabled: false } },
  'all namespaces': {
    ...least,
    targetNamespaces: [],
    rbac: { clusterWide: true },
    ephemeralContainers: { enabled: true },
  },
  'as few rights as possible': {
    ...least,
    rbac: { workloads: false, autoscalers: false, services: false, metrics: false },
    serviceAccount: { create: false, name: 'mine' },
    persistence: { existingClaim: 'mine' },
  },
};

describe('the Helm chart', () => {
  let helm: string;
  let directory: string;
  before(() => {
    helm = script(join(root, 'test', 'setup', 'helm.sh'));
    directory = mkdtempSync(join(tmpdir(), 'flamepin-helm-'));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  /** `fails`: the message with which helm refuses these values. */
  function template(values: Record<string, unknown>, ...more: string[]): { text: string; fails: string } {
    const path = join(directory, 'values.yaml');
    writeFileSync(path, stringify(values));
    const answer = spawnSync(
      helm,
      [
        'template',
        'flamepin',
        chart,
        '--namespace=flamepin',
        '--kube-version=1.35.4',
        '--values',
        path,
        ...more,
      ],
      { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 },
    );
    return { text: answer.stdout, fails: answer.status === 0 ? '' : answer.stderr };
  }
  function objects(values: Record<string, unknown>): KubernetesObject[] {
    const { text, fails } = template(values);
    assert.equal(fails, '');
    return parseAllDocuments(text)
      .map((document) => document.toJS() as unknown)
      .filter((each) => each !== null)
      .map((each) => objectSchema.parse(each));
  }
  const named = (all: readonly KubernetesObject[], kind: string) => all.filter((each) => each.kind === kind);

  it('carries copies of the scripts, the payload’s hashes, rules, dashboard and schema that are current', async () => {
    const profiler = script(
      join(root, 'deploy', 'async-profiler.sh'),
      join(cacheDirectory, 'ap-loader', loaderVersion),
    );
    for (const [name, text] of await chartFiles(profiler))
      assert.ok(
        readFileSync(join(chart, name), 'utf8') === text,
        `helm/${name} is not current: run npm run generate`,
      );
  });

  it('and the plain manifests come from it as it is', async () => {
    for (const [name, text] of await manifests(helm)) {
      const path = join(root, 'deploy', 'kubernetes', name);
      assert.ok(
        existsSync(path) && readFileSync(path, 'utf8') === text,
        `${name} is not current: run npm run generate`,
      );
    }
  });

  it('has flamepin’s own version', () => {
    const { appVersion } = z
      .object({ appVersion: z.string() })
      .parse(parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8')));
    assert.equal(appVersion, version);
  });

  for (const [name, values] of Object.entries(installations))
    it(`lints: ${name}`, () => {
      const path = join(directory, 'lint.yaml');
      writeFileSync(path, stringify(values));
      const lint = spawnSync(helm, ['lint', chart, '--strict', '--kube-version=1.35.4', '--values', path], {
        encoding: 'utf8',
      });
      assert.equal(lint.status, 0, lint.stdout + lint.stderr);
    });

  it('makes only what the API servers’ schemas know, down to every field', () => {
    const kubeconform = script(join(root, 'test', 'setup', 'kubeconform.sh'));
    const { location } = writeKubernetesSchemas(join(directory, 'schemas'));
    const check = (...files: string[]) =>
      spawnSync(
        kubeconform,
        ['-strict', '-summary', '-kubernetes-version', '1.35.4', '-schema-location', location, ...files],
        {
          encoding: 'utf8',
        },
      );
    const rendered = Object.values(installations).map((values, i) => {
      const path = join(directory, `rendered-${i}.yaml`);
      writeFileSync(path, template(values).text);
      return path;
    });
    const kept = ['deploy/kubernetes', 'helm/examples'].flatMap((place) =>
      readdirSync(join(root, place))
        .filter((file) => /^(?!values|falco).*\.yaml$/.test(file))
        .map((file) => join(root, place, file)),
    );
    const answer = check(...rendered, ...kept);
    assert.equal(answer.status, 0, answer.stdout + answer.stderr);

    const broken = join(directory, 'broken.yaml');
    writeFileSync(broken, 'apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {prots: []}\n');
    assert.match(check(broken).stdout, /additional properties 'prots' not allowed/);
  });

  it('writes a configuration that flamepin takes, with the paths of the secrets', () => {
    for (const values of Object.values(installations)) {
      const [map] = named(objects(values), 'ConfigMap');
      const { data } = z.object({ data: z.object({ 'flamepin.yaml': z.string() }) }).parse(map);
      const settings = settingsSchema.parse(parse(data['flamepin.yaml']));
      assert.equal(settings.server.host, '0.0.0.0');
      assert.equal(
        settings.sources['alertmanager']?.bearerTokenFile,
        '/run/secrets/flamepin/sources.alertmanager.bearerTokenFile',
      );
      assert.equal(settings.ledger.kind, 'sqlite');
    }
    const everything = objects(installations['everything at once'] ?? {});
    const { data } = z
      .object({ data: z.record(z.string(), z.string()) })
      .parse(named(everything, 'ConfigMap')[0]);
    const settings = settingsSchema.parse(parse(data['flamepin.yaml'] ?? ''));
    assert.equal(settings.sources['mimir']?.basic?.username, 'mimir');
    assert.equal(settings.storage.kind, 's3');
    assert.deepEqual(settings.targets.kubernetes, {
      cluster: 'prod-eu',
      namespaces: ['shop', 'payment'],
      ephemeral: { image: 'other.example.com/flamepin-agent:0.1.0', pullPolicy: 'IfNotPresent' },
    });
  });

  it('lets the pod run as anybody, without rights, on a file system that cannot be written', () => {
    const podSchema = z.object({
      spec: z.object({
        strategy: z.object({ type: z.string() }).optional(),
        template: z.object({
          spec: z.looseObject({
            securityContext: z.looseObject({}),
            containers: z.tuple([z.looseObject({ image: z.string(), securityContext: z.unknown() })]),
          }),
        }),
      }),
    });
    const pod = (values: Record<string, unknown>) =>
      podSchema.parse(named(objects(values), 'Deployment')[0]).spec;
    for (const values of Object.values(installations)) {
      const { strategy, template } = pod(values);
      assert.equal(strategy?.type, 'Recreate');
      assert.deepEqual(template.spec.containers[0].securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
    assert.deepEqual(pod(installations['OpenShift'] ?? {}).template.spec.securityContext, {
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    assert.equal(
      pod(installations['everything at once'] ?? {}).template.spec.containers[0].image,
      `registry.example.com/mirror/flamepin@sha256:${'0'.repeat(64)}`,
    );
  });

  it('grants each right where it is switched on, and nothing cluster-wide unless asked', () => {
    const rulesSchema = z.object({
      rules: z.array(z.object({ resources: z.array(z.string()), verbs: z.array(z.string()) })),
    });
    const rights = (all: readonly KubernetesObject[], kind: string) =>
      named(all, kind).map((each) => [
        each.metadata.namespace ?? '',
        rulesSchema
          .parse(each)
          .rules.flatMap(({ resources, verbs }) => resources.map((one) => `${one}: ${verbs.join(' ')}`)),
      ]);
    assert.deepEqual(rights(objects(installations['as few rights as possible'] ?? {}), 'Role'), [
      ['shop', ['pods: get list', 'pods/exec: get create']],
    ]);
    assert.deepEqual(rights(objects(least), 'Role'), [
      [
        'shop',
        [
          'pods: get list',
          'pods/exec: get create',
          'deployments: get',
          'statefulsets: get',
          'daemonsets: get',
          'replicasets: get',
          'horizontalpodautoscalers: get',
          'endpointslices: list',
          'pods: list',
        ],
      ],
    ]);
    assert.deepEqual(rights(objects(least), 'ClusterRole'), []);
    const joining = rights(objects({ ...least, ephemeralContainers: { enabled: true } }), 'Role');
    assert.equal(joining.length, 2);
    assert.ok(joining.some(([, granted]) => String(granted) === 'pods/ephemeralcontainers: patch'));
    const everywhere = objects(installations['all namespaces'] ?? {});
    assert.equal(named(everywhere, 'Role').length, 0);
    assert.equal(named(everywhere, 'ClusterRole').length, 1);
  });

  it('restarts the pod when its configuration changes', () => {
    const checksum = (values: Record<string, unknown>) =>
      /checksum\/config: (\w+)/.exec(template(values).text)?.[1];
    assert.notEqual(checksum(least), checksum({ ...least, config: { mode: 'observe' } }));
    assert.equal(checksum(least), checksum({ ...least, podLabels: { team: 'platform' } }));
  });

  it('refuses values that cannot work, and says which and why', () => {
    const refusals: [string, Record<string, unknown>, RegExp][] = [
      ['nothing set', {}, /targetNamespaces: name the namespaces/],
      ['no secret', { targetNamespaces: ['shop'] }, /secrets: no source has a secret/],
      [
        'a source without one',
        { ...least, config: { sources: { grafana: {} } } },
        /secrets: source grafana has no secret/,
      ],
      ['both scopes', { ...least, rbac: { clusterWide: true } }, /targetNamespaces: must be empty/],
      ['two with SQLite', { ...least, replicas: 2 }, /replicas: SQLite belongs to one process/],
      ['an unknown value', { ...least, replica: 2 }, /additional properties 'replica' not allowed/],
      [
        'an unknown key of the configuration',
        { ...least, config: { server: { publicURL: 'https://x' } } },
        /\/config\/server'?: additional properties 'publicURL' not allowed/,
      ],
      ['another port inside', { ...least, config: { server: { port: 9000 } } }, /'port' not allowed/],
      ['a digest that is none', { ...least, image: { digest: 'latest' } }, /\/image\/digest/],
      ['a namespace twice', { ...least, targetNamespaces: ['shop', 'shop'] }, /targetNamespaces/],
      ['a registry with a slash at its end', { ...least, imageRegistry: 'registry/' }, /\/imageRegistry/],
      [
        'a label that the chart itself sets',
        { ...least, podLabels: { 'app.kubernetes.io/name': 'mine' } },
        /podLabels: app.kubernetes.io\/name is set by the chart/,
      ],
      ['a namespace in capitals', { ...least, targetNamespaces: ['Shop'] }, /\/targetNamespaces\/0/],
      [
        'a secret for no secret key',
        { ...least, secrets: [{ ...source, key: 'server.publicUrl' }] },
        /\/secrets\/0\/key/,
      ],
      ['a route without a gateway', { ...least, httpRoute: { enabled: true } }, /httpRoute.parentRefs/],
      [
        'a payload without a hash',
        { ...least, admissionPolicy: { payloads: [{ architecture: 'linux-x64', asprofBytes: 1 }] } },
        /\/admissionPolicy\/payloads\/0/,
      ],
    ];
    for (const [name, values, expected] of refusals) assert.match(template(values).fails, expected, name);
  });

  it('fits the image: its user, its program, its async-profiler, and files that are there to be copied', () => {
    const dockerfile = readFileSync(join(root, 'deploy', 'Dockerfile'), 'utf8');
    const included = readFileSync(join(root, 'deploy', 'Dockerfile.dockerignore'), 'utf8').split('\n');
    for (const [, words = ''] of dockerfile.matchAll(/^COPY (?!--from)(.+)$/gm))
      for (const path of words.split(' ').slice(0, -1)) {
        assert.ok(existsSync(join(root, path)), `COPY ${path}: there is no such file`);
        const covered = included.some((line) => line === `!${path}` || path.startsWith(`${line.slice(1)}/`));
        assert.ok(covered, `COPY ${path}: left out by Dockerfile.dockerignore`);
      }
    const { text } = template(least);
    const user = /runAsUser: (\d+)/.exec(text)?.[1] ?? '';
    assert.ok(dockerfile.includes(`USER ${user}:${user}`));
    assert.match(dockerfile, /^ENTRYPOINT \["node", "\/app\/bin\/flamepin\.js"\]$/m);
    const directory = /profiler:\n +directory: (\S+)/.exec(text)?.[1] ?? '';
    assert.ok(dockerfile.includes(`COPY --from=async-profiler /opt/flamepin ${directory}\n`));
  });

  it('packs without what only the repository needs', () => {
    execFileSync(helm, ['package', chart, '--destination', directory], { stdio: 'pipe' });
    const listed = execFileSync('tar', ['-tzf', join(directory, 'flamepin-0.1.0.tgz')], { encoding: 'utf8' });
    assert.match(listed, /flamepin\/files\/start\.sh/);
    assert.doesNotMatch(listed, /\.ts$|examples/m);
  });
});
