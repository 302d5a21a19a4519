import type { HostInventory } from '../alerts/host-inventory.ts';
import type { Configuration } from '../config/load.ts';
import { grafanaRulesAccess, prometheusAccess } from './prometheus-access.ts';
import type { Target, Targets } from '../captures/target.ts';

/** Where a Docker Engine listens unless it is told otherwise. */
const dockerSocket = '/var/run/docker.sock';

export interface OpenTargets {
  get(kind: Target['kind']): Promise<Targets>;
  close(): Promise<void>;
}

/**
 * The adapters of all kinds of targets, each loaded on first use: @kubernetes/client-node alone takes a clone from 94 to
 * 149 MB resident.
 * @param inventory hosts that alerts may lead to, beside `targets.ssh.hosts`; null: none
 */
export function openTargets(
  configuration: Configuration,
  inventory: HostInventory | null = null,
): OpenTargets {
  const opened = new Map<Target['kind'], Promise<Targets>>();
  return {
    get: (kind) => {
      let targets = opened.get(kind);
      if (targets === undefined) {
        targets = open(kind, configuration, inventory);
        opened.set(kind, targets);
        // A failure is not cached: by the next capture there may be a kubeconfig.
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

async function open(
  kind: Target['kind'],
  configuration: Configuration,
  inventory: HostInventory | null,
): Promise<Targets> {
  switch (kind) {
    case 'host': {
      const { hostTargets } = await import('../targets/host/host.ts');
      return hostTargets({ ...configuration.targets.host, unitLabels: configuration.labels.unit });
    }
    case 'kubernetes': {
      const { kubernetesTargets } = await import('../targets/kubernetes/targets.ts');
      return kubernetesTargets({
        ...configuration.targets.kubernetes,
        labels: configuration.labels,
        prometheus: prometheusAccess(configuration),
        grafana: grafanaRulesAccess(configuration),
      });
    }
    case 'docker': {
      const { dockerTargets } = await import('../targets/docker/docker.ts');
      const { RemoteSockets } = await import('../targets/ssh/remote-sockets.ts');
      const { targets, sshAgent } = configuration;
      const { engines, ...settings } = targets.docker;
      const sockets = new RemoteSockets({ ...targets.ssh, agentSocket: sshAgent });
      const adapter = dockerTargets({
        ...settings,
        engines: Object.entries(engines).map(([name, { ssh, ...engine }]) => ({
          name,
          ...engine,
          ...(ssh !== undefined && { remote: sockets.at(ssh, engine.socket ?? dockerSocket) }),
        })),
      });
      return { ...adapter, close: () => sockets.close() };
    }
    case 'ssh': {
      const { sshTargets } = await import('../targets/ssh/ssh.ts');
      const { targets, labels, sshAgent } = configuration;
      return sshTargets({
        ...targets.ssh,
        inventory,
        hostLabels: labels.host,
        unitLabels: labels.unit,
        agentSocket: sshAgent,
      });
    }
  }
}
