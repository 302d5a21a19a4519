import { setTimeout as sleep } from 'node:timers/promises';
import { hasClearLead } from '../clear-lead.ts';
import { cpuSeconds, type Container } from './containers.ts';

/** A reading of the engine's own counters, twice. Milliseconds. */
const observationMs = 1_000;
/** More are not asked: the engine reads a dozen files for each. */
const mostMeasured = 20;

/** Cores in use now, the busiest first; those without a value are left out. */
export async function measure(
  containers: readonly Container[],
  signal: AbortSignal,
): Promise<{ container: Container; cores: number }[]> {
  const some = containers.slice(0, mostMeasured);
  const read = async () =>
    await Promise.all(
      some.map(async (container) => ({
        at: performance.now(),
        seconds: await cpuSeconds(container, signal),
      })),
    );
  const before = await read();
  await sleep(observationMs, undefined, { signal });
  const after = await read();
  return some
    .flatMap((container, index) => {
      const [first, second] = [before[index], after[index]];
      if (first?.seconds == null || second?.seconds == null) return [];
      return [{ container, cores: ((second.seconds - first.seconds) * 1000) / (second.at - first.at) }];
    })
    .sort((a, b) => b.cores - a.cores);
}

/**
 * Which container of a service to profile: the busiest, else the first by name, and how it was chosen in words.
 * @param containers at least one
 */
export async function chooseContainer(
  containers: readonly [Container, ...Container[]],
  signal: AbortSignal,
): Promise<{ container: Container; why: string }> {
  if (containers.length === 1) return { container: containers[0], why: '' };
  const [first, second] = await measure(containers, signal);
  if (first !== undefined && second !== undefined && hasClearLead(first.cores, second.cores))
    return {
      container: first.container,
      why: `busiest of ${containers.length} containers: ${rounded(first.cores)} cores, the next ${rounded(second.cores)}`,
    };
  return {
    container: firstByName(containers),
    why: `first by name of ${containers.length} containers of the service: their CPU time does not tell them apart`,
  };
}

export function firstByName(containers: readonly [Container, ...Container[]]): Container {
  const [first] = [...containers].sort((a, b) => (a.name < b.name ? -1 : 1));
  return first ?? containers[0];
}

export function rounded(cores: number): string {
  return String(Number(cores.toPrecision(2)));
}
