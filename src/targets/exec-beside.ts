import type { Exec, ExecRequest } from '../profiler/exec.ts';
import { asFailure, Failure } from '../reasons/failure.ts';

/** A container next to a target that has no shell, and how commands get there. */
export interface BesideOptions<Place extends { name: string }> {
  /** Runs commands in the target itself; null: the container is looked for at once. */
  plain: Exec | null;
  /** Finds or starts the container. */
  find: (signal: AbortSignal) => Promise<Place>;
  open: (place: Place) => Exec;
  /** For details of failures: `checkout-7d9f-x2x`. */
  target: string;
  /** What the container is called: `ephemeral container`. */
  what: string;
  /** Removes the container, where it can be removed. */
  remove?: (place: Place) => Promise<void>;
}

/** Runs commands in the target; from the first `no-shell` on, in a container next to it. */
export function execBeside<Place extends { name: string }>(options: BesideOptions<Place>): Exec {
  const { plain, open, remove } = options;
  let beside: Place | null = null;
  return {
    get place() {
      return beside?.name ?? null;
    },
    run: async (request) => {
      const end = performance.now() + request.deadlineMs;
      if (beside === null && plain !== null)
        try {
          return await plain.run(request);
        } catch (error) {
          if (!(error instanceof Failure) || error.code !== 'no-shell') throw error;
        }
      beside ??= await within(request, end, options);
      return open(beside).run({ ...request, deadlineMs: remaining(end) });
    },
    ...(remove !== undefined && {
      leave: async () => {
        if (beside !== null) await remove(beside);
        beside = null;
      },
    }),
  };
}

/** Finds the container within the request's deadline; an aborted request rejects at once. */
async function within<Place extends { name: string }>(
  { signal }: ExecRequest,
  end: number,
  { find, target, what }: BesideOptions<Place>,
): Promise<Place> {
  const deadline = AbortSignal.timeout(remaining(end));
  try {
    return await find(signal === undefined ? deadline : AbortSignal.any([deadline, signal]));
  } catch (cause) {
    if (signal?.aborted === true)
      throw new Failure('exec-disconnected', { detail: `${target}: given up`, cause });
    if (deadline.aborted)
      throw new Failure('exec-timeout', { detail: `${target}: no ${what} runs yet`, cause });
    throw asFailure(cause);
  }
}

/** Milliseconds until `end`; at least 1, the smallest a timer takes. */
const remaining = (end: number): number => Math.max(1, Math.ceil(end - performance.now()));
