import { z } from 'zod';
import { profileEventSchema } from '../profile/profile.ts';

/** One stored file made from a recording. `name` is the last part of its route. */
export const artifactSchema = z.object({
  name: z.enum(['flamegraph.svg', 'flamegraph.html', 'profile.json', 'summary.md', 'recording.jfr']),
  /** Lead event only, or null when it holds all. */
  event: profileEventSchema.nullable(),
  key: z.string(),
  size: z.number().int().nonnegative(),
  contentType: z.string(),
  contentEncoding: z.enum(['identity', 'gzip']),
});

export type Artifact = z.infer<typeof artifactSchema>;

/** A file made from a recording, ready to be stored. */
export interface MadeArtifact {
  name: Artifact['name'];
  event: Artifact['event'];
  body: Buffer;
  contentType: string;
  contentEncoding: Artifact['contentEncoding'];
}
