/** A smaller lead in CPU proves nothing: one idle JVM may use twice as much as another. */
const minLead = { times: 1.2, cores: 0.1 };

/** Whether the busiest of several stands out from the next; both in cores. */
export function hasClearLead(first: number, next: number): boolean {
  return first >= next * minLead.times && first >= next + minLead.cores;
}
