/**
 * A test for names against entries that are exact, or hold `*` for "anything here". Entries are our own data, never
 * input, so building a regular expression of them is safe.
 */
export function framePattern(entries: readonly string[]): (name: string) => boolean {
  const exact = new Set(entries.filter((entry) => !entry.includes('*')));
  const open = entries.filter((entry) => entry.includes('*')).map(withWildcards);
  if (open.length === 0) return (name) => exact.has(name);
  const pattern = new RegExp(`^(?:${open.join('|')})$`);
  return (name) => exact.has(name) || pattern.test(name);
}

function withWildcards(entry: string): string {
  return entry
    .split('*')
    .map((part) => part.replace(/[.$()[\]+?^{}|\\]/g, '\\$&'))
    .join('.*');
}
