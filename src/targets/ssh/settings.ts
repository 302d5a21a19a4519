import type { MappedLabel } from '../../alerts/label-mapping.ts';
import type { ClientSettings } from './client.ts';

/** Which hosts there are and how to log in; the keys are documented in the configuration. */
export interface SshSettings extends ClientSettings {
  user?: string | undefined;
  port?: number | undefined;
  /** RE2; undefined: any host. */
  hosts?: readonly string[] | undefined;
  /** Labels of the configuration that name the host. */
  hostLabels: readonly MappedLabel[];
  /** The same for a systemd unit. */
  unitLabels: readonly MappedLabel[];
}
