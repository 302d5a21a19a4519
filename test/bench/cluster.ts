import { join } from 'node:path';
import { script } from '../cluster/script.ts';

/** The test cluster for a benchmark: a real Kubernetes node, up until it is disposed of. Needs root. */
export interface BenchCluster extends Disposable {
  kubeconfig: string;
  /** kubectl of the cluster's own version. */
  kubectl: string;
}

/** Brings it up; whoever asks for a test namespace afterwards gets one of this cluster. */
export function startCluster(): BenchCluster {
  const kubeconfig = script('up.sh');
  process.env['KUBECONFIG'] = kubeconfig;
  return {
    kubeconfig,
    kubectl: join(script('kube/build.sh'), 'kubectl'),
    [Symbol.dispose]: () => {
      script('down.sh');
    },
  };
}
