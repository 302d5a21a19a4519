/** JVM options that are harmless as a whole: sizes, switches, numbers, garbage collectors. */
const harmless =
  /^(?:-X(?:ms|mx|mn|ss)\d+[kKmMgGtT]?|-XX:[+-]\w+|-XX:\w+=\d+(?:\.\d+)?[kKmMgGtT%]?|-server|-client|-Xint|-Xcomp|-Xrs)$/;

/** The name of a property, or of an option with a value: kept up to its `=` or `:`. */
const named =
  /^(?:-D[\w.-]+=?|-XX:\w+=|-javaagent:|-agentlib:|-agentpath:|-Xlog:|--add-(?:opens|exports|modules|reads)=)/;

/** For JVM options; maskSecrets says what stays. */
export const keepJvmOptions: Keep = (text) => {
  const kept: [number, number][] = [];
  for (const word of text.matchAll(/\S+/g)) {
    if (harmless.test(word[0])) kept.push([word.index, word.index + word[0].length]);
    else kept.push([word.index, word.index + (named.exec(word[0])?.[0].length ?? 0)]);
    // Spaces are kept only before an option: elsewhere they may be part of a value.
  }
  for (const blank of text.matchAll(/ (?=-)/g)) kept.push([blank.index, blank.index + 1]);
  return kept;
};

/** Keeps the main class or jar: the first word after the JVM's options. */
export const keepMainClass: Keep = (text) => [[0, /^\S* ?/.exec(text)![0].length]];

/** Keeps nothing. */
export const keepNothing: Keep = () => [];

/** Maps a string's text to the ranges that are not masked, [from, to). */
export type Keep = (text: string) => [from: number, to: number][];
