import type { EventSamples } from '../event-samples.ts';
import { fullMachine, meanLoad } from '../machine-load.ts';
import { percent, rate } from '../quantities.ts';
import type { Profile } from '../profile.ts';
import { isRated } from '../recorded.ts';
import { threadStates } from '../sampling.ts';
import type { Verdict } from './verdicts.ts';

/** Threads that want to run for each one that does: from here on they wait for a processor as long as they have one. */
const starvation = 2;
/** From this part of what the machine does, it is this JVM that fills it. */
const mostlyOwn = 0.6;
/** So many more threads must want to run than do. */
const leastStarved = 0.5;
/** Of the time of threads at work: where less of it wants to run, the machine does not explain it. */
const leastRunning = 0.3;

/**
 * The machine has no processor left. That alone is a fact; it is the cause (`strong`) where the wall clock finds
 * many more threads that could run than the processor samples find running, in time that is mostly that.
 * @param baseMachine how busy the machine of what it is compared with was: what it always is, is no cause.
 * @param wall without idle threads; `idle` its rows that are left out, as `leftOutRows` gives them.
 */
export function busyMachineVerdict(
  profile: Profile,
  wall: EventSamples,
  idle: Uint8Array | null,
  cpu: EventSamples,
  baseMachine: number | null,
): Verdict | null {
  const machine = meanLoad(profile.cpuLoad, (load) => load.machine);
  if (machine === null || machine < fullMachine) return null;
  const own = (meanLoad(profile.cpuLoad, (load) => load.jvm) ?? 0) / machine;
  const sentence = `the machine is at ${percent(machine)} CPU, ${percent(Math.min(1, own))} of it by this JVM`;
  const wanting = runnableTime(profile, idle) / wall.seconds;
  const running = cpu.total / cpu.seconds;
  const rated = isRated(profile, 'wall') && isRated(profile, 'cpu');
  const starved =
    rated && cpu.samples > 0 && wanting >= starvation * running && wanting - running >= leastStarved;
  const wasFull = baseMachine !== null && baseMachine >= fullMachine;
  const strong = starved && !wasFull && wanting * wall.seconds >= leastRunning * wall.total;
  return {
    kind: own >= mostlyOwn ? 'machine-used-up' : 'machine-busy',
    sentence: starved
      ? `${sentence}: ${rate(wanting, 'wall')} want to run, and get ${rate(running, 'cpu')}`
      : sentence,
    strong,
  };
}

const runnable = threadStates.indexOf('runnable');

/** Seconds of threads that ran or could have run, without idle ones. */
function runnableTime(profile: Profile, idle: Uint8Array | null): number {
  const samples = profile.events.wall?.samples;
  let nanoseconds = 0;
  samples?.state.forEach((state, row) => {
    if (state === runnable && idle?.[row] !== 1) nanoseconds += samples.value[row]!;
  });
  return nanoseconds / 1e9;
}
