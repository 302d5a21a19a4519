import type { Profile, ProfileEvent } from '../profile.ts';
import { Tuples } from '../tuples.ts';
import { frameName, stackSums, weightUnit } from './stack-sums.ts';

/** Grafana's names of units. */
const units = { nanoseconds: 'ns', bytes: 'bytes', samples: 'short' } as const;

/**
 * One event as a data frame that Grafana's flame graph panel draws: a row for each node of the call tree, callers before
 * their callees, with its depth (`level`), all that is in it (`value`), what is in it alone (`self`) and its name.
 */
export function grafanaFrame(profile: Profile, event: ProfileEvent): string {
  const unit = weightUnit(profile, event);
  const { names, parents, self } = namedTree(profile, event, unit === 'samples');
  const total = [...self];
  for (let node = total.length - 1; node > 0; node -= 1) total[parents[node]!]! += total[node]!;
  const callees: number[][] = names.map(() => []);
  for (let node = 1; node < names.length; node += 1) callees[parents[node]!]!.push(node);

  const columns = {
    level: [] as number[],
    value: [] as number[],
    self: [] as number[],
    label: [] as string[],
  };
  const open = [{ node: 0, level: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, level } = next;
    columns.level.push(level);
    columns.value.push(total[node]!);
    columns.self.push(self[node]!);
    columns.label.push(names[node]!);
    const inside = callees[node]!.filter((callee) => total[callee]! > 0);
    // The widest is taken from the end first.
    inside.sort((a, b) => total[a]! - total[b]! || b - a);
    for (const callee of inside) open.push({ node: callee, level: level + 1 });
  }
  const number = { type: 'number', config: { unit: units[unit] } };
  return JSON.stringify({
    schema: {
      name: event,
      meta: { preferredVisualisationType: 'flamegraph' },
      fields: [
        { name: 'level', type: 'number' },
        { name: 'value', ...number },
        { name: 'self', ...number },
        { name: 'label', type: 'string' },
      ],
    },
    data: { values: [columns.level, columns.value, columns.self, columns.label] },
  });
}

/** The call tree by names: a method is one node under its caller, at whatever line and in whatever way it ran. */
function namedTree(profile: Profile, event: ProfileEvent, bySamples: boolean) {
  const { parent, frame } = profile.stacks;
  const numbers = new Map<string, number>();
  const nameOf = profile.frames.name.map((_, index) => {
    const name = frameName(profile, index);
    const known = numbers.get(name) ?? numbers.size;
    numbers.set(name, known);
    return known;
  });
  const nodes = new Tuples();
  nodes.index(0, -1);
  const nodeOf = new Int32Array(parent.length);
  for (let stack = 1; stack < parent.length; stack += 1)
    nodeOf[stack] = nodes.index(nodeOf[parent[stack]!]!, nameOf[frame[stack]!]!);
  const self = new Array<number>(nodes.size).fill(0);
  for (const { stack, count, value } of stackSums(profile, event, false))
    self[nodeOf[stack]!]! += bySamples ? count : value;
  const written = [...numbers.keys()];
  const [parents, named] = nodes.columns;
  return { names: named.map((name) => (name < 0 ? 'total' : written[name]!)), parents, self };
}
