import { hostExec } from '../../src/targets/host/host-exec.ts';
import { profiler } from './profiler-session.ts';

/** A flamepin that is killed in the middle of a window: starts, tells the session, and waits. */
const [captureId = '', pid = ''] = process.argv.slice(2);
const { session } = await profiler().start(
  hostExec(),
  { captureId, durationSeconds: 8, process: null, pid: Number(pid) },
  new AbortController().signal,
);
console.log(`session ${JSON.stringify(session)}`);
setInterval(() => undefined, 60_000);
