/** The longest name that is shown in full, in characters; the JVM allows 65,535 bytes. */
const longestName = 1000;

/**
 * Characters that XML 1.0 forbids, that break lines, or that turn the direction of what follows: names of threads
 * and classes are anyone's text. `\p{C}` holds control, format, private, surrogate and unassigned characters.
 */
const unsafe = /[\p{C}\u2028\u2029]/gu;
const special = /[&<>"'\p{C}\u2028\u2029]/u;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A name as text on one line: forbidden characters become U+FFFD, and what is too long is cut. */
export function visibleName(name: string): string {
  const cut = name.length > longestName ? `${name.slice(0, longestName)}…` : name;
  return special.test(cut) ? cut.replace(unsafe, '\ufffd') : cut;
}

/** A name as XML or HTML text or as a quoted attribute. */
export function escapedName(name: string): string {
  const visible = visibleName(name);
  return special.test(visible) ? visible.replace(/[&<>"']/g, (found) => entities[found]!) : visible;
}
