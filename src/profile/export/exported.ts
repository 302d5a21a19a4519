import { gzipSync } from 'node:zlib';
import type { Profile, ProfileEvent } from '../profile.ts';
import type { ExportFormat } from './export-format.ts';
import { grafanaFrame } from './grafana-frame.ts';
import { pprof } from './pprof.ts';
import { speedscope } from './speedscope.ts';

/**
 * One event of a profile in the form of another tool: pprof as that tool keeps it, gzipped, the others as JSON.
 * @param name what the tool calls the profile
 */
export function exported(
  profile: Profile,
  event: ProfileEvent,
  format: ExportFormat,
  name: string,
): string | Uint8Array {
  switch (format) {
    case 'pprof':
      return gzipSync(pprof(profile, event));
    case 'speedscope':
      return speedscope(profile, event, name);
    case 'grafana':
      return grafanaFrame(profile, event);
  }
}
