/** JVM options whose whole text is harmless: sizes, switches, numbers, garbage collectors, modules' names. */
const harmless =
  /^(?:-X(?:ms|mx|mn|ss)\d+[kKmMgGtT]?|-XX:[+-]\w+|-XX:\w+=\d+(?:\.\d+)?[kKmMgGtT%]?|-server|-client|-Xint|-Xcomp|-Xrs)$/;

/** The name of a property, or of an option with a value: kept up to its `=` or `:`. */
const named =
  /^(?:-D[\w.-]+=?|-XX:\w+=|-javaagent:|-agentlib:|-agentpath:|-Xlog:|--add-(?:opens|exports|modules|reads)=)/;

/** Options of the JVM: see maskSecrets for what stays. */
export const keepJvmOptions: Keep = (text) => {
  const kept: [number, number][] = [];
  for (const word of text.matchAll(/\S+/g)) {
    if (harmless.test(word[0])) kept.push([word.index, word.index + word[0].length]);
    else kept.push([word.index, word.index + (named.exec(word[0])?.[0].length ?? 0)]);
    // Blanks stay only behind what was recognised: elsewhere they may be part of a value.
  }
  for (const blank of text.matchAll(/ (?=-)/g)) kept.push([blank.index, blank.index + 1]);
  return kept;
};

/** The main class or jar, the first word of what stands behind the JVM's options. */
export const keepMainClass: Keep = (text) => [[0, /^\S* ?/.exec(text)![0].length]];

/** Nothing stays. */
export const keepNothing: Keep = () => [];

/** What may stay of a string: a function from its text to the stretches that are kept, [from, to). */
export type Keep = (text: string) => [from: number, to: number][];
