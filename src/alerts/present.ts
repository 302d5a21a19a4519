export type Labels = Readonly<Record<string, string>>;

/** Meshes and exporters write these where they have no value. */
const fillers = new Set(['', 'unknown', '<none>', '<unknown>', 'none']);

/** The label's value; null when there is none. Own properties only: label names are hostile too. */
export function present(labels: Labels, name: string): string | null {
  const value = Object.hasOwn(labels, name) ? labels[name] : undefined;
  return value === undefined || fillers.has(value) ? null : value;
}

/** The first of the labels that has a value. */
export function firstPresent(
  labels: Labels,
  names: readonly string[],
): { label: string; value: string } | null {
  for (const label of names) {
    const value = present(labels, label);
    if (value !== null) return { label, value };
  }
  return null;
}
