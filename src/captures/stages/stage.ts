/** One step of the work on a capture. `Context` is what it needs; a stage function names only the parts it uses. */
export interface Stage<Name extends string, Work, Context> {
  name: Name;
  /** An earlier process has done this already: skip it. */
  isDone?(work: Work): boolean;
  /** Resolves to the work as it is now; null: stop here, without an error. */
  run(work: Work, context: Context): Promise<Work | null>;
}

/**
 * Runs the stages in order, from the first that is not done. Resolves to the work after the last one; to null when a
 * stage stopped. An error stops too: `failed` decides what becomes of it, given the work as the stages before left it.
 */
export async function runStages<Name extends string, Work, Context>(
  stages: readonly Stage<Name, Work, Context>[],
  work: Work,
  context: Context,
  failed: (error: unknown, stage: Name, work: Work) => Promise<null>,
): Promise<Work | null> {
  let reached = work;
  for (const stage of stages) {
    if (stage.isDone?.(reached)) continue;
    try {
      const next = await stage.run(reached, context);
      if (next === null) return null;
      reached = next;
    } catch (error) {
      return await failed(error, stage.name, reached);
    }
  }
  return reached;
}
