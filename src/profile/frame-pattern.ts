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

/**
 * As `framePattern`, but entries of libraries also match where a build has moved them: behind other packages
 * (`com/acme/shaded/io/netty/…`), and with another first part (`reactor/shaded/netty/…`). The JDK is never moved.
 */
export function relocatedPattern(entries: readonly string[]): (name: string) => boolean {
  const isHere = framePattern(entries);
  const movable = entries.filter((entry) => !/^(?:java|jdk|sun)\//.test(entry));
  const isMoved = framePattern([...movable, ...movable.map((entry) => entry.slice(entry.indexOf('/') + 1))]);
  return (name) => {
    if (isHere(name)) return true;
    for (let slash = name.indexOf('/'); slash >= 0; slash = name.indexOf('/', slash + 1))
      if (isMoved(name.slice(slash + 1))) return true;
    return false;
  };
}

function withWildcards(entry: string): string {
  return entry
    .split('*')
    .map((part) => part.replace(/[.$()[\]+?^{}|\\]/g, '\\$&'))
    .join('.*');
}
