import { execFileSync } from 'node:child_process';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { ClusterAccess } from '../../src/targets/kubernetes/connection/access.ts';
import { apiPath, kubernetesApi, type KubernetesApi } from '../../src/targets/kubernetes/connection/api.ts';
import type { TestNamespace } from './test-namespace.ts';

/** flamepin's service account with the rights that the chart gives it, without the receiver itself. */
export interface ChartAccount {
  /** The API server, asked with the account's token. */
  api: KubernetesApi;
  /** Takes away what does not end with a namespace. */
  remove(): Promise<void>;
}

const root = join(import.meta.dirname, '..', '..');

const places: Record<string, [group: string, plural: string, namespaced: boolean]> = {
  ServiceAccount: ['api/v1', 'serviceaccounts', true],
  Role: ['apis/rbac.authorization.k8s.io/v1', 'roles', true],
  RoleBinding: ['apis/rbac.authorization.k8s.io/v1', 'rolebindings', true],
  ValidatingAdmissionPolicy: ['apis/admissionregistration.k8s.io/v1', 'validatingadmissionpolicies', false],
  ValidatingAdmissionPolicyBinding: [
    'apis/admissionregistration.k8s.io/v1',
    'validatingadmissionpolicybindings',
    false,
  ],
};
const objectSchema = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});

/** Makes what the chart makes of these values; the release is named as the namespace that it is installed in. */
export async function chartAccount(
  receiver: TestNamespace,
  values: Record<string, unknown>,
): Promise<ChartAccount> {
  const made: string[] = [];
  let account = '';
  for (const object of chart(receiver.name, values)) {
    const place = places[object.kind];
    if (place === undefined) continue;
    const [group, plural, namespaced] = place;
    const namespace = namespaced ? `/namespaces/${object.metadata.namespace ?? ''}` : '';
    const path = `/${group}${namespace}/${plural}`;
    if (!namespaced) {
      made.push(`${path}/${object.metadata.name}`);
      await receiver.remove(`${path}/${object.metadata.name}`);
    }
    await receiver.create(path, object);
    if (object.kind === 'ServiceAccount') account = object.metadata.name;
  }
  const api = kubernetesApi(await withToken(receiver, account));
  return {
    api,
    remove: async () => {
      await using closing = new AsyncDisposableStack();
      closing.defer(() => api.access.close());
      for (const path of made) closing.defer(() => receiver.remove(path));
    },
  };
}

function chart(release: string, values: Record<string, unknown>): z.infer<typeof objectSchema>[] {
  const helm = execFileSync('sh', [join(root, 'test', 'setup', 'helm.sh')], { encoding: 'utf8' }).trim();
  const text = execFileSync(
    helm,
    [
      'template',
      release,
      join(root, 'helm'),
      '--kube-version',
      '1.35.4',
      '--namespace',
      release,
      '--values',
      '-',
    ],
    { encoding: 'utf8', input: JSON.stringify(values), maxBuffer: 16 * 1024 * 1024 },
  );
  return parseAllDocuments(text)
    .map((document) => document.toJS() as unknown)
    .filter((object) => object !== null)
    .map((object) => objectSchema.parse(object));
}

const tokenSchema = z.object({ status: z.object({ token: z.string() }) });

/** The same API server with the token of a service account in place of the administrator's certificate. */
async function withToken({ api: admin, name }: TestNamespace, account: string): Promise<ClusterAccess> {
  const path = apiPath('api', 'v1', 'namespaces', name, 'serviceaccounts', account, 'token');
  const answer = await admin.send({ method: 'POST', path, body: { spec: { expirationSeconds: 3600 } } });
  const { token } = tokenSchema.parse(answer.body).status;
  const { agent } = await admin.access.authenticate();
  const ca = (agent as Agent).options.ca;
  const own = new Agent({ keepAlive: true, ...(ca !== undefined && { ca }) });
  return {
    server: admin.access.server,
    namespace: name,
    contexts: admin.access.contexts,
    authenticate: () => Promise.resolve({ headers: { authorization: `Bearer ${token}` }, agent: own }),
    close: () => {
      own.destroy();
    },
  };
}
