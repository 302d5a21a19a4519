import type { MadeArtifact } from '../../artifacts/artifact.ts';

/** The raw recording as it is stored. `packed` is gzipped. */
export function recordingArtifact(packed: Buffer): MadeArtifact {
  return {
    name: 'recording.jfr',
    event: null,
    body: packed,
    contentType: 'application/octet-stream',
    contentEncoding: 'gzip',
  };
}
