import { RE2JS } from 're2js';

/** Longer queries are cut; a link may carry any. */
const longestQuery = 200;

/**
 * What a reader searches by: `/regex/` (RE2 syntax: linear time, so that a link cannot hang the page) or plain text,
 * both without regard to case; a regex that cannot be read is taken as text. null for an empty query.
 */
export function nameMatcher(query: string): ((name: string) => boolean) | null {
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
