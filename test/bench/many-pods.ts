import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { apiPath, statusMessage, type KubernetesApi } from '../../src/targets/kubernetes/connection/api.ts';
import { shopWorkload } from '../cluster/pods.ts';
import { testNamespace } from '../cluster/test-namespace.ts';
import { startCluster } from './cluster.ts';
import { askedPairs, inRounds, printTable, type Contender, type Measured } from './measure.ts';
import { prepareTimedCommands, timedCommand } from './timed-command.ts';

/**
 * Finding one pod among ten thousand: how long it takes flamepin from labels to a target, and what memory it has
 * afterwards, against kubectl asked for the same pod, and against the list of all pods that a program with an
 * informer holds. flamepin's time is that of a process that runs and is connected, as on an alert; kubectl's holds its start,
 * so the ratio is what a person gains, not how fast the two ask. The pods are objects in the API server, not processes: without a node nothing runs them.
 */
const rounds = askedPairs(10);
const many = 10_000;
const perNamespace = 1_000;
const atOnce = 32;
const run = promisify(execFile);

prepareTimedCommands();
using cluster = startCluster();
await using cleanup = new AsyncDisposableStack();
const namespaces = await Promise.all(
  Array.from({ length: many / perNamespace }, (_, index) => testNamespace(`many-${index}`)),
);
for (const namespace of namespaces) cleanup.use(namespace);
const [first] = namespaces;
if (first === undefined) throw new Error('no namespace');
const { api } = first;
// Its pods are written below; its own controller must not make any.
await first.create('/apis/apps/v1/namespaces/many-0/deployments', shopWorkload('Deployment', 'checkout', 0));
await fill(api);

const places: readonly { what: string; labels: Record<string, string>; query: readonly string[] }[] = [
  {
    what: 'by name',
    labels: { namespace: 'many-5', pod: 'pod-5500' },
    query: ['get', 'pod', 'pod-5500', '--namespace', 'many-5', '--output', 'json'],
  },
  {
    what: 'by address in the whole cluster',
    labels: { instance: `${addressOf(7_777)}:9090` },
    query: [
      'get',
      'pods',
      '--all-namespaces',
      '--output',
      'json',
      '--field-selector',
      `status.podIP=${addressOf(7_777)},status.phase=Running`,
    ],
  },
];
for (const { what, labels, query } of places) {
  const contenders: Contender[] = [
    { name: 'flamepin', run: () => byFlamepin(labels) },
    { name: 'kubectl', run: () => timedCommand([cluster.kubectl, ...query]) },
    {
      name: 'kubectl, every pod',
      run: () => timedCommand([cluster.kubectl, 'get', 'pods', '--all-namespaces', '--output', 'json']),
    },
  ];
  printTable(`One of ${many} pods ${what}`, contenders, await inRounds(rounds, contenders));
}

/** A process of its own for each, so that its memory is only this. */
async function byFlamepin(labels: Record<string, string>): Promise<Measured> {
  const script = join(import.meta.dirname, 'resolve-one.ts');
  const { stdout } = await run(process.execPath, [script, cluster.kubeconfig, JSON.stringify(labels)], {
    timeout: 60_000,
  });
  return JSON.parse(stdout) as Measured;
}

async function fill(through: KubernetesApi): Promise<void> {
  let next = 0;
  const write = async (): Promise<void> => {
    for (let index = next++; index < many; index = next++) {
      await writePod(through, index);
      if (index % 1_000 === 0) process.stderr.write(`${index} of ${many} pods\n`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, write));
}

/** A running pod as the kubelet would report it, of no node: nobody schedules it or takes it for lost. */
async function writePod(through: KubernetesApi, index: number): Promise<void> {
  const namespace = `many-${Math.floor(index / perNamespace)}`;
  const name = `pod-${index}`;
  const pods = apiPath('api', 'v1', 'namespaces', namespace, 'pods');
  const spec = {
    schedulerName: 'nobody',
    containers: [{ name: 'shop', image: 'localhost/shop:17', resources: { requests: { cpu: '100m' } } }],
  };
  const labels = { app: `service-${index % 100}`, 'app.kubernetes.io/part-of': 'shop', team: 'checkout' };
  const answers = [
    await through.send({ method: 'POST', path: pods, body: { metadata: { name, labels }, spec } }),
    await through.send({
      method: 'PATCH',
      path: `${pods}/${name}/status`,
      contentType: 'application/strategic-merge-patch+json',
      body: { status: statusOf(index) },
    }),
  ];
  for (const answer of answers) if (answer.status >= 300) throw new Error(statusMessage(answer));
}

function statusOf(index: number): object {
  const startedAt = new Date(Date.now() - 3_600_000).toISOString().replace(/\.\d+/, '');
  return {
    phase: 'Running',
    podIP: addressOf(index),
    podIPs: [{ ip: addressOf(index) }],
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [
      {
        name: 'shop',
        image: 'localhost/shop:17',
        imageID: `localhost/shop@sha256:${'0'.repeat(64)}`,
        containerID: `containerd://${String(index).padStart(64, '0')}`,
        ready: true,
        restartCount: 0,
        state: { running: { startedAt } },
      },
    ],
  };
}

function addressOf(index: number): string {
  return `10.210.${index >> 8}.${index & 255}`;
}
