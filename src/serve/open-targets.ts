import type { Configuration } from '../config/load.ts';
import { Failure } from '../reasons/failure.ts';
import type { Target, Targets } from '../captures/target.ts';

export interface OpenTargets {
  get(kind: Target['kind']): Promise<Targets>;
  close(): Promise<void>;
}

/**
 * The adapters of all kinds of targets, each loaded when it is first asked for: imports alone cost (in a clone, with
 * @kubernetes/client-node 149 MB resident, without 94).
 */
export function openTargets(configuration: Configuration): OpenTargets {
  const opened = new Map<Target['kind'], Promise<Targets>>();
  return {
    get: (kind) => {
      let targets = opened.get(kind);
      if (targets === undefined) {
        targets = open(kind, configuration);
        opened.set(kind, targets);
        // One that could not be opened is tried again at the next capture: a kubeconfig may have come by then.
        targets.catch(() => opened.delete(kind));
      }
      return targets;
    },
    close: async () => {
      for (const opening of await Promise.allSettled(opened.values()))
        if (opening.status === 'fulfilled') await opening.value.close?.();
    },
  };
}

async function open(kind: Target['kind'], configuration: Configuration): Promise<Targets> {
  switch (kind) {
    case 'host': {
      const { hostTargets } = await import('../targets/host/host.ts');
      return hostTargets();
    }
    case 'kubernetes': {
      const { kubernetesTargets } = await import('../targets/kubernetes/targets.ts');
      const { prometheus, secrets } = configuration;
      return kubernetesTargets({
        ...configuration.targets.kubernetes,
        prometheus: prometheus && { url: prometheus.url, token: secrets.prometheusToken },
      });
    }
    case 'docker':
    case 'ssh':
      throw new Failure('target-kind-unsupported', { detail: kind });
  }
}
