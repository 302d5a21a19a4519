/**
 * Reduces many frames that grew to the few causes: every caller of a slow method grew with it, so callers that a callee
 * explains are dropped, and each cause is one line.
 */

/** A caller is explained when at least this share of its weight lies in named callees. */
const explainedShare = 0.8;
/** Another frame may be named with a cause when it carries at least this share of it. */
const mostlyShare = 0.5;
/** A caller that changed by this much more than its callee is named instead of it. */
const outgrownBy = 1.2;

export interface Weights {
  /** Stacks, outermost first, each frame once; and how much each weighs: a share, or a difference of shares. */
  paths: readonly (readonly number[])[];
  weight: readonly number[];
}

export interface Cause {
  frame: number;
  /** The frame's own class further in, or a callee, that holds most of it; null when there is none. */
  mostly: number | null;
  /** The nearest candidate of another class around it that holds most of it; null when there is none. */
  calledBy: number | null;
}

/**
 * Names the lowest candidate that carries nearly all of a cause, not the callers above it.
 * @param candidates frames that may be named; all must have positive weight in sum.
 * @param classOf equal for frames of one class, whose caller is somebody else's.
 * @returns heaviest first.
 */
export function findCauses(
  { paths, weight }: Weights,
  candidates: ReadonlySet<number>,
  classOf: (frame: number) => string,
): Cause[] {
  const total = new Map<number, number>();
  const explained = new Map<number, number>();
  /** Weight of the inner frame in stacks where the outer one is around it. */
  const inside = new Map<number, Map<number, number>>();
  const directlyInside = new Map<number, Map<number, number>>();
  paths.forEach((path, index) => {
    const heavy = weight[index] ?? 0;
    if (heavy === 0) return;
    const named = path.filter((frame) => candidates.has(frame));
    named.forEach((frame, depth) => {
      add(total, frame, heavy);
      if (depth < named.length - 1) add(explained, frame, heavy);
      for (const outer of named.slice(0, depth)) add(row(inside, frame), outer, heavy);
      const caller = named[depth - 1];
      if (caller !== undefined) add(row(directlyInside, frame), caller, heavy);
    });
  });
  const of = (frame: number): number => total.get(frame) ?? 0;
  const unexplained = [...candidates].filter(
    (frame) => of(frame) > 0 && (explained.get(frame) ?? 0) < explainedShare * of(frame),
  );
  const outermost = unexplained.filter(
    (frame) =>
      !unexplained.some(
        (outer) =>
          outer !== frame &&
          (inside.get(frame)?.get(outer) ?? 0) >= explainedShare * of(frame) &&
          of(outer) > 0,
      ),
  );

  const callerOf = (frame: number): number | null => {
    const [caller, carried] = heaviest(directlyInside.get(frame));
    return caller !== null && carried >= explainedShare * of(frame) ? caller : null;
  };
  /** The first frame around `frame` that is not of its class. */
  const callerOfClass = (frame: number): number | null => {
    for (let entry = frame; ;) {
      const caller = callerOf(entry);
      if (caller === null || classOf(caller) !== classOf(frame)) return caller;
      if (of(caller) > of(frame) / mostlyShare) return null;
      entry = caller;
    }
  };
  /**
   * A callee that others use too, less than before, hides how much its guilty caller grew: then that caller is the
   * cause. Cannot happen among positive weights, where a callee within a caller never outweighs it.
   */
  const outgrown = (frame: number): number => {
    let best = frame;
    for (let caller = callerOf(frame); caller !== null; caller = callerOf(caller)) {
      const within = inside.get(frame)?.get(caller) ?? 0;
      if (of(caller) < outgrownBy * of(best) || within < 0.9 * of(caller)) return best;
      best = caller;
    }
    return best;
  };
  /** The callee that holds most of it, though not so much that it is the cause. */
  const mostlyIn = (frame: number): number | null => {
    const [callee, carried] = heaviest(
      new Map([...candidates].map((other) => [other, inside.get(other)?.get(frame) ?? 0])),
    );
    return carried >= mostlyShare * of(frame) ? callee : null;
  };
  const causes = outermost.map((inner): Cause => {
    const frame = outgrown(inner);
    if (frame !== inner) return { frame, mostly: inner, calledBy: null };
    return { frame, mostly: mostlyIn(frame), calledBy: callerOfClass(frame) };
  });
  const seen = new Set<number>();
  return causes
    .sort((a, b) => of(b.frame) - of(a.frame) || a.frame - b.frame)
    .filter((cause) => !seen.has(cause.frame) && seen.add(cause.frame));
}

/**
 * The nearest named frame of another class around `frame`, through which at least `mostlyShare` of it comes.
 * @param isNamed frames that mean something to the reader.
 */
export function nearestCaller(
  { paths, weight }: Weights,
  frame: number,
  isNamed: (frame: number) => boolean,
  classOf: (frame: number) => string,
): number | null {
  const callers = new Map<number, number>();
  let total = 0;
  paths.forEach((path, index) => {
    const depth = path.indexOf(frame);
    const heavy = weight[index] ?? 0;
    if (depth < 0 || heavy <= 0) return;
    total += heavy;
    const caller = path.slice(0, depth).findLast((one) => isNamed(one) && classOf(one) !== classOf(frame));
    if (caller !== undefined) add(callers, caller, heavy);
  });
  const [caller, carried] = heaviest(callers);
  return carried >= mostlyShare * total ? caller : null;
}

function add(sums: Map<number, number>, key: number, weight: number): void {
  sums.set(key, (sums.get(key) ?? 0) + weight);
}

function row(table: Map<number, Map<number, number>>, key: number): Map<number, number> {
  let found = table.get(key);
  if (found === undefined) {
    found = new Map();
    table.set(key, found);
  }
  return found;
}

function heaviest(sums: Map<number, number> | undefined): [number | null, number] {
  let best: [number | null, number] = [null, 0];
  for (const [key, weight] of sums ?? []) if (weight > best[1]) best = [key, weight];
  return best;
}
