import { displayName } from '../comparison/changed-row.ts';
import type { ChangedFrame, Comparison } from '../comparison/comparison.ts';
import { subjectOf } from '../comparison/cause-words.ts';
import { changeSentence, leadingChange } from '../comparison/headline.ts';
import { samplesWithin, type EntryPart } from '../comparison/entry-frames.ts';
import type { EventSamples, FrameNames } from '../event-samples.ts';
import { mainActivity } from '../comparison/hot-spots.ts';
import type { Activity } from '../wait-kind.ts';

/** A frame is in the part that the alert is about when at least this share of its samples is. */
const insideShare = 0.1;

/** The change that an answer is about. */
export interface LeadingCause {
  row: ChangedFrame;
  sentence: string;
  /** What its samples mostly do; null when mixed. */
  activity: Activity | null;
  /** It is in the part of the service that the alert's labels name, or they name none. */
  inside: boolean;
}

/**
 * Of what grew, the first that is in the part of the service which the alert is about; where nothing in it did, the
 * comparison's own leading change. null when nothing changed.
 * @param part what the alert's labels name; null for the whole process.
 * @param within the samples of that part, and `whole` those of the process.
 */
export function leadingCause(
  comparison: Comparison | null,
  part: EntryPart | null,
  within: EventSamples,
  whole: EventSamples,
  names: FrameNames,
): LeadingCause | null {
  const leading = comparison === null ? null : leadingChange(comparison.changed);
  if (comparison === null || leading === null) return null;
  const framesOf = (row: ChangedFrame): number[] =>
    [...names.names.keys()].filter((frame) => displayName(names, frame) === row.frame);
  const activityOf = (row: ChangedFrame): Activity | null => mainActivity(whole, framesOf(row)[0] ?? -1);
  const first = { row: leading, sentence: comparison.headline, activity: activityOf(leading) };
  if (part === null || part.numbers.size === 0 || leading.change === 'less')
    return { ...first, inside: true };
  const isInside = (row: ChangedFrame): boolean => {
    const frames = new Set(framesOf(row));
    return samplesWithin(within, frames).samples >= insideShare * samplesWithin(whole, frames).samples;
  };
  if (isInside(leading)) return { ...first, inside: true };
  const own = leadingChange(comparison.changed.filter((row) => row.change === 'more' && isInside(row)));
  if (own === null) return { ...first, inside: false };
  const activity = activityOf(own);
  const subject = subjectOf(comparison.event, whole, names, '');
  return { row: own, sentence: changeSentence(own, comparison, subject, activity), activity, inside: true };
}
