/** One line of what a run prints: what must hold, what was measured, and whether it held. */
export interface Figure {
  promise: string;
  /** What was measured, with its unit. */
  measured: string;
  /** Each case in which it did not hold; empty: it held. */
  broken: readonly string[];
}

/** Cases that are printed under a figure; the count stands in the figure itself. */
const casesShown = 5;

/** Prints the figures as a table and the first cases of what broke. Returns how many broke. */
export function printFigures(title: string, figures: readonly Figure[]): number {
  const width = Math.max(...figures.map(({ promise }) => promise.length));
  console.log(`\n${title}`);
  for (const { promise, measured, broken } of figures) {
    console.log(`  ${broken.length === 0 ? 'ok    ' : 'BROKEN'}  ${promise.padEnd(width)}  ${measured}`);
    for (const one of broken.slice(0, casesShown)) console.log(`            ${one.slice(0, 400)}`);
    if (broken.length > casesShown) console.log(`            and ${broken.length - casesShown} more`);
  }
  return figures.filter(({ broken }) => broken.length > 0).length;
}
