import type { Session } from '../../src/profiler/session.ts';

/** One run of async-profiler, as an ordinary target gives it. */
export const session: Session = {
  bootId: 'b',
  pid: 7,
  startTicks: '1',
  recordingPath: '/tmp/flamepin-c/recording.jfr',
  place: null,
  leftovers: [],
  clockSkewMs: 0,
  choice: '',
  commandLine: 'java',
  checks: {},
  missingEvents: {},
  cpuStat: null,
  cpuStatAfter: null,
};
