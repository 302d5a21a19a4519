import { readFirst, type MappedLabel } from './label-mapping.ts';
import { present, type Labels } from './present.ts';

/** A systemd unit, and what names it: a label, or the route. */
export interface NamedUnit {
  label: string;
  unit: string;
}

/**
 * `name` is the systemd collector's of node_exporter, `id` (a control group) cAdvisor's. All of them mean other things
 * too, so that only a value that ends as the name of a unit counts.
 */
const unitLabels = ['systemd_unit', 'unit', 'name', 'id'];
const kinds = /\.(?:service|scope|slice)$/;
/** What systemd allows in a name; at most 255 characters. */
const unitName = /^[A-Za-z0-9:_.\\@-]{1,255}$/;

/**
 * The unit that an alert is about; null: it names none.
 * @param mapped labels of the configuration, which are read first; there the `.service` may be missing
 * @param fixed the unit that the route names; then no label is looked at
 */
export function unitNamed(
  labels: Labels,
  mapped: readonly MappedLabel[],
  fixed: string | undefined,
): NamedUnit | null {
  if (fixed !== undefined) return { label: 'target.unit of the route', unit: fullName(fixed) };
  const configured = readFirst(labels, mapped);
  if (configured !== null && unitName.test(configured.value))
    return { label: configured.label, unit: fullName(configured.value) };
  for (const label of unitLabels.flatMap((name) => [`exported_${name}`, name])) {
    const value = present(labels, label);
    const unit = value?.slice(value.lastIndexOf('/') + 1) ?? '';
    if (kinds.test(unit) && unitName.test(unit)) return { label, unit };
  }
  return null;
}

/** As systemctl has it: without a kind a service is meant. */
const fullName = (name: string): string => (kinds.test(name) ? name : `${name}.service`);

/**
 * Does a process with these control groups belong to the unit? systemd names a group after each unit:
 * `/system.slice/system-shop.slice/shop@1.service`.
 */
export function isInUnit(groups: readonly string[], { unit }: NamedUnit): boolean {
  return groups.some((group) => group.split('/').includes(unit));
}

/** `unit shop.service (label name)`, for choices and refusals. */
export const unitWords = ({ label, unit }: NamedUnit): string =>
  label.startsWith('target.') ? `unit ${unit}` : `unit ${unit} (label ${label})`;
