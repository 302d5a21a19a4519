import type { ReachableHosts } from '../../alerts/host-inventory.ts';
import type { MappedLabel } from '../../alerts/label-mapping.ts';
import type { ClientSettings } from './client.ts';

/** How to log in; the keys are documented in the configuration. */
export interface LoginSettings extends ClientSettings {
  user?: string | undefined;
  port?: number | undefined;
}

/** Which hosts there are, which JVMs on them are meant, and how to log in. */
export interface SshSettings extends LoginSettings, ReachableHosts {
  /** Labels of the configuration that name the host. */
  hostLabels: readonly MappedLabel[];
  /** The same for a systemd unit. */
  unitLabels: readonly MappedLabel[];
}
