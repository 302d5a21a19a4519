/** How long the parts of a start may take, milliseconds. */

/** An ephemeral container comes up before the first command, once for all of them. */
export const bringUpMs = 30_000;
/** list.sh. */
export const listMs = 10_000;
/**
 * start.sh: 10 s to try the threads, 10 s for the JVM's first answer, 20 s for the start, 5 s to end one that was late,
 * 1 s to find the busiest, and the transfer.
 */
export const startScriptMs = 50_000;
/** A first start.sh that finds another architecture: 10 s to try the threads, 1 s to find the busiest, and the transfer. */
const otherArchitectureMs = 15_000;
/** In the target's own clock: `start_within` of given-up.sh, then the 20 s that `asprof load` may take. */
const slowestStartMs = 45_000 + 20_000;

/** From the first command to a running session, when JVMs are matched first and the first guess of the architecture is wrong. */
export const longestStartMs = bringUpMs + listMs + otherArchitectureMs + slowestStartMs;
