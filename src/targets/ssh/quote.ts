/** Words → one line that a POSIX shell reads as these words again. ssh hands it to the user's login shell. */
export function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
}
