import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const scripts = join(import.meta.dirname, '..', 'cluster');
const output = (...words: [string, ...string[]]): string =>
  execFileSync('sh', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();

/** The test cluster for a benchmark: a real Kubernetes node, up until it is disposed of. Needs root. */
export interface BenchCluster extends Disposable {
  kubeconfig: string;
  /** kubectl of the cluster's own version. */
  kubectl: string;
}

/** Brings it up; whoever asks for a test namespace afterwards gets one of this cluster. */
export function startCluster(): BenchCluster {
  const kubeconfig = output(join(scripts, 'up.sh'));
  process.env['KUBECONFIG'] = kubeconfig;
  const kubectl = join(output(join(scripts, 'kube', 'build.sh')), 'kubectl');
  return {
    kubeconfig,
    kubectl,
    [Symbol.dispose]: () => {
      output(join(scripts, 'down.sh'));
    },
  };
}
