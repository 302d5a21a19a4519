import { RE2JS } from 're2js';
import { either, kept, ofValue, possible, type Fate } from './shape.ts';

/**
 * What label_replace makes of its destination.
 * @param from what becomes of the source label
 * @param before what becomes of the destination where the pattern does not match
 */
export function replaced(from: Fate, before: Fate, replacement: string, pattern: string): Fate {
  const constant = !replacement.includes('$');
  if (from.is === 'value' || from.is === 'dropped') {
    const result = expanded(from.is === 'value' ? from.value : '', replacement, pattern);
    return result === null ? before : ofValue(result);
  }
  const set = constant ? ofValue(replacement) : from.is === 'kept' ? kept : possible;
  // These fit any value.
  if (/^\(?\.\*\)?$/.test(pattern) || (from.is === 'kept' && /^\(?\.\+\)?$/.test(pattern))) return set;
  return either(constant ? set : kept, before);
}

/** The replacement with the groups filled in; null where the pattern does not fit. */
function expanded(text: string, replacement: string, pattern: string): string | null {
  try {
    const matcher = RE2JS.compile(pattern, RE2JS.DOTALL).matcher(text);
    if (!matcher.matches()) return null;
    const group = (name: string): string =>
      (/^\d+$/.test(name)
        ? Number(name) <= matcher.groupCount()
          ? matcher.group(Number(name))
          : ''
        : matcher.group(name)) ?? '';
    return replacement.replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (whole, braced?: string, plain?: string) =>
      whole === '$$' ? '$' : group(braced ?? plain ?? ''),
    );
  } catch {
    // Not a pattern, or no such group: Prometheus would refuse the rule.
    return null;
  }
}
