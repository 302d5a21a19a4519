import { z } from 'zod';
import { changedFrameSchema, changedNamesSchema } from '../comparison/comparison.ts';
import { captureEventSchema } from '../capture-event.ts';

/** What only the answer holds; filled when the recording has been analysed. */
export const answerSchema = z.object({
  /** The sentence: the same in annotation, page, summary.md and log. Plain text. */
  headline: z.string(),
  /** `certain`, `likely` or `unknown`. */
  confidence: z.enum(['certain', 'likely', 'unknown']),
  /** Further plain-text lines, most important first. */
  lines: z.array(z.string()),
  /** Widest application frames of the lead event, widest first: name for people and share 0 to 1. */
  topFrames: z.array(z.object({ name: z.string(), share: z.number() })),
  /** The capture it was compared with, when there was one. */
  comparedWith: z.object({ captureId: z.string(), label: z.string() }).nullable(),
  /** What changed against it, strongest first; frames as people read them. Shares are 0 to 1. */
  comparison: z
    .object({
      baseLabel: z.string(),
      /** Of the lead event. */
      rows: z.array(changedFrameSchema),
      /** Of the other events. */
      otherRows: z.array(changedFrameSchema).default([]),
      /** Of every event that was compared, for the colours of its picture. */
      changedFrames: z.partialRecord(captureEventSchema, changedNamesSchema).default({}),
    })
    .nullable()
    .default(null),
  samples: z.number().int().nonnegative(),
});

export type Answer = z.infer<typeof answerSchema>;
