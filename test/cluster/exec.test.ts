import { ExecSlots } from '../../src/targets/kubernetes/connection/exec-slots.ts';
import { kubernetesExec } from '../../src/targets/kubernetes/connection/exec.ts';
import { Cluster } from '../../src/targets/kubernetes/connection/cluster.ts';
import { execContract } from '../contract/exec.ts';
import { testNamespace } from './test-namespace.ts';

const slots = new ExecSlots();

for (const image of ['busybox:1', 'shop:dash'])
  execContract(`kubernetes, ${image}`, async () => {
    const name = `exec-${image.replace(':', '-')}-${Date.now().toString(36)}`;
    const namespace = await testNamespace(name);
    const pods = `/api/v1/namespaces/${name}/pods`;
    await namespace.create(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'target' },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'main',
            image: `localhost/${image}`,
            imagePullPolicy: 'Never',
            command: ['sleep', '100000'],
          },
        ],
      },
    });
    await namespace.ready('target');
    const cluster = new Cluster(namespace.api);
    return {
      exec: kubernetesExec({
        api: namespace.api,
        slots,
        namespace: name,
        pod: 'target',
        container: 'main',
        running: async (signal) => (await cluster.podNow(name, 'target', signal))?.status.phase === 'Running',
      }),
      loseTarget: () => namespace.remove(`${pods}/target`),
      close: async () => {
        await namespace[Symbol.asyncDispose]();
      },
    };
  });
