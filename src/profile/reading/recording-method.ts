import type { ProfileEvent, Sampling } from '../profile.ts';

/**
 * Where a sample comes from: what wrote its chunk, and as which event. Only together with the settings of the
 * recording does it say what the sample counts.
 */
export type Source =
  /** async-profiler from 3.0 on: whatever its `-e` interrupts. */
  | 'default-state'
  /** async-profiler with a state of the thread: its wall clock; before 3.0 whatever its `-e` interrupts, too. */
  | 'thread-state'
  | 'wall-clock'
  | 'jdk-running'
  | 'jdk-native'
  | 'jdk-cpu-time'
  | 'datadog-cpu'
  | 'datadog-wall'
  /** alloc: one event for each buffer that threads allocate from, or a sample of the allocations. */
  | 'allocation-buffers'
  | 'allocation-samples'
  | 'lock'
  | 'live'
  | 'nativemem'
  | 'nativelock';

/** What the recording says about how it was made. */
export interface Recorded {
  /** Whether any chunk was written by async-profiler, or by the JDK. */
  byProfiler: boolean;
  byTheJdk: boolean;
  /** async-profiler's version, `-e` ('' when unknown) and engine. */
  version: string | null;
  lead: string;
  engine: string | null;
  /** In nanoseconds or bytes, 0 when unknown. */
  interval: (event: ProfileEvent) => number;
  /** The JDK's shortest recorded wait, nanoseconds. */
  lockThreshold: number | null;
  /** As the JVM calls itself. */
  jvm: string | null;
  /** Sources with samples. */
  sources: ReadonlySet<Source>;
}

/** One event of the profile: the sources whose samples it holds, and how these were taken. */
export interface Method extends Sampling {
  event: ProfileEvent;
  sources: readonly Source[];
  /** Nanoseconds or bytes of one sample; 0 where each sample has its own value, and where nothing says it. */
  interval: number;
}

/** async-profiler's `-e` that count CPU time; any other name is an event of the processor, the kernel or the code. */
const cpuTimeLeads = new Set(['cpu', 'ctimer', 'itimer', 'cpu-clock', 'task-clock']);

/** `async-profiler 4.5`, also beside the JDK's recorder (`jfrsync`); null when nothing says it. */
export function recorderOf({ byProfiler, byTheJdk, version, jvm, sources }: Recorded): string | null {
  const bySubstrate = isNativeImage(jvm);
  const jdk = bySubstrate ? "the native image's recorder" : "the JDK's recorder";
  if (sources.has('datadog-cpu') || sources.has('datadog-wall')) return "Datadog's profiler";
  if (!byProfiler) return byTheJdk ? jdk : null;
  const profiler = version === null ? 'async-profiler' : `async-profiler ${version}`;
  return byTheJdk ? `${profiler} together with ${jdk}` : profiler;
}

/**
 * What the samples of each event count, and how they may be weighed. Pure. Of several sources for one event the best
 * is taken and the others are left out: two samplers of one thing would count it twice.
 */
export function recordingMethods(recorded: Recorded): { methods: Method[]; leftOut: Source[] } {
  const methods = [
    cpuMethods(recorded),
    wallMethods(recorded),
    allocationMethods(recorded),
    otherMethods(recorded),
  ]
    .flat()
    .filter(({ sources }) => sources.some((source) => recorded.sources.has(source)));
  const best = methods.filter(
    ({ event }, index) => methods.findIndex((one) => one.event === event) === index,
  );
  const used = new Set(best.flatMap(({ sources }) => sources));
  return { methods: best, leftOut: [...recorded.sources].filter((source) => !used.has(source)) };
}

function cpuMethods(recorded: Recorded): Method[] {
  const { lead, engine } = recorded;
  const ofProfiler = { event: 'cpu', sources: profilerCpuSources(recorded) } as const;
  const interval = recorded.interval('cpu');
  const isTime = lead === '' || cpuTimeLeads.has(lead);
  return [
    isTime
      ? {
          ...ofProfiler,
          sampler: engine ?? (lead === '' || lead === 'cpu' ? 'an unnamed engine' : lead),
          counts: 'cpu-time',
          rated: interval > 0,
          interval,
        }
      : { ...ofProfiler, sampler: lead, counts: 'occurrences', rated: false, interval: 0 },
    {
      event: 'cpu',
      sources: ['jdk-cpu-time'],
      sampler: "the JDK's CPU-time sampler",
      counts: 'cpu-time',
      rated: true,
      interval: 0,
    },
    {
      event: 'cpu',
      sources: ['datadog-cpu'],
      sampler: "Datadog's sampler",
      counts: 'cpu-time',
      rated: false,
      interval: 0,
    },
    {
      event: 'cpu',
      sources: ['jdk-running'],
      sampler: isNativeImage(recorded.jvm)
        ? "the native image's sampler"
        : "the JDK's sampler of running threads",
      counts: 'running-java',
      rated: false,
      interval: 0,
    },
  ];
}

/** async-profiler before 3.0 gives every sample a state of its thread; then only the wall clock's are wall. */
function profilerCpuSources(recorded: Recorded): readonly Source[] {
  return hasWallClock(recorded) ? ['default-state'] : ['default-state', 'thread-state'];
}

function wallMethods(recorded: Recorded): Method[] {
  const interval = recorded.interval('wall');
  return [
    {
      event: 'wall',
      sources: hasWallClock(recorded) ? ['thread-state', 'wall-clock'] : ['wall-clock'],
      sampler: 'the wall clock',
      counts: 'wall-time',
      rated: interval > 0,
      interval,
    },
    {
      event: 'wall',
      sources: ['datadog-wall'],
      sampler: "Datadog's wall clock",
      counts: 'wall-time',
      rated: false,
      interval: 0,
    },
    {
      event: 'wall',
      sources: ['jdk-native'],
      sampler: "the JDK's sampler of native calls",
      counts: 'native-calls',
      rated: false,
      interval: 0,
    },
  ];
}

/** Whether async-profiler's own wall clock ran; true where it does not say what it was asked for. */
function hasWallClock({ lead, interval }: Recorded): boolean {
  return lead === '' || lead === 'wall' || interval('wall') > 0;
}

function allocationMethods(recorded: Recorded): Method[] {
  const by = ofRecorder(recorded);
  const common = { event: 'alloc', counts: null, rated: true, interval: recorded.interval('alloc') } as const;
  return [
    { ...common, sources: ['allocation-buffers'], sampler: `${by} (allocation events)` },
    { ...common, sources: ['allocation-samples'], sampler: `${by} (allocation samples)` },
  ];
}

function otherMethods(recorded: Recorded): Method[] {
  const { interval, lockThreshold } = recorded;
  const by = ofRecorder(recorded);
  // Shorter waits are left out, not weighed: who records other lengths counts something else.
  const from = recorded.byProfiler ? interval('lock') : lockThreshold;
  const waits = from === null ? 'waits' : `waits of ${from / 1e6} ms and more`;
  const own = (event: 'live' | 'nativemem' | 'nativelock', sampler: string): Method => ({
    event,
    sources: [event],
    sampler,
    counts: null,
    rated: true,
    interval: interval(event),
  });
  return [
    {
      event: 'lock',
      sources: ['lock'],
      sampler: `${by} (${waits})`,
      counts: null,
      rated: true,
      interval: interval('lock'),
    },
    own('live', by),
    own('nativemem', by),
    own('nativelock', `${by} (waits in native code of ${interval('nativelock') / 1e6} ms and more)`),
  ];
}

/**
 * Whose events those are that both write under the same names. Up to 2.x async-profiler wrote every buffer and every
 * wait; later versions sample both.
 */
function ofRecorder({ byProfiler, version }: Recorded): string {
  if (!byProfiler) return 'the JDK';
  return version !== null && /^[12]\./.test(version)
    ? `async-profiler ${version.charAt(0)}`
    : 'async-profiler';
}

/** GraalVM's native images call their virtual machine so. */
function isNativeImage(jvm: string | null): boolean {
  return jvm !== null && /\bSubstrate ?VM\b/.test(jvm);
}
