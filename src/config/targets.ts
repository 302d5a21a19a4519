import { isDeepStrictEqual } from 'node:util';
import type { Problem } from './problems.ts';
import type { Settings } from './schema.ts';
import { targetKinds, type TargetKind } from '../captures/target-kinds.ts';
import { targetSettingsSchema, type TargetSettings } from './target-settings.ts';

/**
 * Settings per kind from `targets`, routes and baselines, with defaults, and which kinds are in use. Places that
 * disagree are reported, for an adapter is made once per kind.
 */
export function gatherTargets(
  settings: Settings,
  report: (problem: Problem) => void,
): { settings: TargetSettings; kinds: TargetKind[] } {
  const gathered: Record<TargetKind, Record<string, unknown>> = {
    kubernetes: {},
    docker: {},
    host: {},
    ssh: {},
  };
  const firstPath = new Map<string, string>();
  const used = new Set<TargetKind>();

  const add = (kind: TargetKind, written: Readonly<Record<string, unknown>>, path: string) => {
    used.add(kind);
    for (const [key, value] of Object.entries(written)) {
      if (value === undefined) continue;
      const name = `${kind}.${key}`;
      const earlier = firstPath.get(name);
      if (earlier === undefined) {
        firstPath.set(name, path);
        gathered[kind][key] = value;
      } else if (!isDeepStrictEqual(gathered[kind][key], value)) {
        report({
          path: `${path}.${key}`,
          what: `differs from ${earlier}.${key}`,
          remedy: `All ${kind} targets share one setting; write it once, under targets.${kind}.`,
        });
      }
    }
  };

  for (const kind of targetKinds) {
    const written = settings.targets[kind];
    if (written !== undefined) add(kind, written, `targets.${kind}`);
  }
  for (const [index, { target }] of settings.routes.entries())
    add(target.kind, target.settings, `routes[${index}].target.${target.kind}`);
  for (const [index, { target }] of settings.baselines.workloads.entries())
    add(target.kind, target.settings, `baselines.workloads[${index}].target.${target.kind}`);

  return {
    settings: targetSettingsSchema.parse(gathered),
    kinds: targetKinds.filter((kind) => used.has(kind)),
  };
}
