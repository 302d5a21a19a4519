import type { Artifact } from '../artifacts/artifact.ts';

/** The artifacts that have a route. */
export const artifactNames = [
  'flamegraph.svg',
  'flamegraph.html',
  'profile.json',
  'summary.md',
  'recording.jfr',
] as const satisfies readonly Artifact['name'][];
export type ArtifactName = (typeof artifactNames)[number];
