import { RE2JS } from 're2js';
import { printableName } from '../profile/frame.ts';

/** Longer queries are cut; a link may carry any. The longest name of a table's row fits, with its quotes. */
export const longestQuery = 320;

/** The query that finds one frame and no other that has its name within: `"com.acme.Orders.find"`. */
export function exactQuery(name: string): string {
  return `"${printableName(name)}"`;
}

/** The name that an exact query means, else null. */
export function exactName(query: string): string | null {
  return /^"(.+)"$/s.exec(query.trim().slice(0, longestQuery))?.[1] ?? null;
}

/**
 * What a reader searches by: `/regex/` (RE2 syntax: linear time, so that a link cannot hang the page) or plain text,
 * both without regard to case, or one name in quotes, as tables write it; a regex that cannot be read is taken as
 * text. null for an empty query.
 */
export function nameMatcher(query: string): ((name: string) => boolean) | null {
  const exact = exactName(query);
  if (exact !== null) return (name) => printableName(name) === exact;
  const wanted = query.trim().slice(0, longestQuery);
  const expression = /^\/(.+?)\/?$/.exec(wanted)?.[1];
  if (expression !== undefined && wanted !== '/') {
    const compiled = compile(expression);
    if (compiled !== null) return (name) => compiled.matcher(name).find();
  }
  if (wanted === '' || wanted === '/') return null;
  const text = wanted.toLowerCase();
  return (name) => name.toLowerCase().includes(text);
}

function compile(expression: string): RE2JS | null {
  try {
    return RE2JS.compile(expression, RE2JS.CASE_INSENSITIVE);
  } catch {
    return null;
  }
}
