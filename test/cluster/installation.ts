import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import type { Pod } from '../../src/targets/kubernetes/connection/objects.ts';
import { flamepinImage } from './images/flamepin.ts';
import { script } from './script.ts';
import { kubeconfigPath, testNamespace, type TestNamespace } from './test-namespace.ts';

const root = join(import.meta.dirname, '..', '..');
/** What Alertmanager shows to it. */
export const webhookToken = 'only-for-this-test';
const serviceSchema = z.object({ spec: z.object({ clusterIP: z.string() }) });

/** flamepin installed with helm, running in its pod. */
export interface Installation {
  /** Of its service, reachable from this machine. */
  url: string;
  namespace: TestNamespace;
  /** The pod that runs it now. */
  pod(): Promise<Pod>;
  /** The last lines of what it logs. */
  log(): string;
  close(): Promise<void>;
}

/**
 * Installs the chart as docs/kubernetes.md says: a Secret, values, helm. Resolves when its pod is ready.
 * @param secrets further keys of the Secret `flamepin` beside the token of Alertmanager
 * @param values over those that every test needs
 */
export async function install(
  name: string,
  secrets: Readonly<Record<string, string>>,
  values: Readonly<Record<string, unknown>>,
): Promise<Installation> {
  const image = await flamepinImage();
  script('node/import.sh', image.archive);
  const program = script('../setup/helm.sh');
  const helm = (...words: string[]): string =>
    execFileSync(program, [...words, '--namespace', name, '--kubeconfig', kubeconfigPath()], {
      encoding: 'utf8',
    });
  const namespace = await testNamespace(name);
  await namespace.create(`/api/v1/namespaces/${name}/secrets`, {
    metadata: { name: 'flamepin' },
    stringData: { 'alertmanager-token': webhookToken, ...secrets },
  });
  const directory = mkdtempSync(join(tmpdir(), 'flamepin-install-'));
  const file = join(directory, 'values.yaml');
  writeFileSync(file, stringify({ ...imagesOf(image.name), ...values }));
  try {
    helm('install', 'flamepin', join(root, 'helm'), '--values', file, '--wait', '--timeout', '180s');
  } catch (error) {
    const pods = await namespace.pods('app.kubernetes.io/name=flamepin');
    throw new Error(`flamepin is not ready: ${JSON.stringify(pods.map(({ status }) => status))}`, {
      cause: error,
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  const service = serviceSchema.parse(
    await namespace.api.get(`/api/v1/namespaces/${name}/services/flamepin`),
  );
  return {
    url: `http://${service.spec.clusterIP}:8080`,
    namespace,
    pod: async () => {
      const [pod] = await namespace.readyPods('app.kubernetes.io/name=flamepin', 1);
      if (pod === undefined) throw new Error('no pod');
      return pod;
    },
    log: () =>
      execFileSync(
        join(script('kube/build.sh'), 'kubectl'),
        ['logs', 'deployment/flamepin', '--tail=100', '--namespace', name, '--kubeconfig', kubeconfigPath()],
        { encoding: 'utf8' },
      ),
    close: async () => {
      helm('uninstall', 'flamepin', '--wait');
      await namespace[Symbol.asyncDispose]();
    },
  };
}

function imagesOf(name: string): Record<string, unknown> {
  const [registry = '', repository = '', tag = ''] = name.split(/[/:]/);
  return {
    image: { registry, repository, tag, pullPolicy: 'Never' },
    ephemeralContainers: {
      enabled: true,
      image: { registry, repository: 'flamepin-agent', tag: '1', pullPolicy: 'Never' },
    },
  };
}
