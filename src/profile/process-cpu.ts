import type { Profile } from './profile.ts';
import { isRated } from './recorded.ts';

/** CPU time of the whole process by its own account, apart from any sample. */
export interface ProcessCpu {
  /** Cores on average while readings were taken. */
  cores: number;
  /** The lowest and highest reading. */
  low: number;
  high: number;
  readings: number;
  /** Seconds of CPU time that the process used at least in the window: what the readings span. */
  leastSeconds: number;
}

/** A reading spans the time since the one before, or since the start; where readings are missing, no more than usual. */
const mostOfUsual = 1.5;

/**
 * By jdk.CPULoad, which async-profiler and the JDK write each second from the process's own times, as /proc/PID/stat
 * has them; null where the recording has none, or not the number of processors.
 */
export function processCpu(profile: Pick<Profile, 'cpuLoad' | 'processors'>): ProcessCpu | null {
  const { cpuLoad, processors } = profile;
  if (processors === undefined || cpuLoad.length === 0) return null;
  const gaps = cpuLoad.map(({ atMs }, at) => Math.max(0, atMs - (cpuLoad[at - 1]?.atMs ?? 0)));
  const usual = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
  const spans = gaps.map((gap) => Math.min(gap, usual * mostOfUsual));
  const whole = spans.reduce((sum, span) => sum + span, 0);
  if (whole === 0) return null;
  const cores = cpuLoad.map(({ jvm }) => jvm * processors);
  const used = spans.reduce((sum, span, at) => sum + span * (cores[at] ?? 0), 0);
  return {
    cores: used / whole,
    low: Math.min(...cores),
    high: Math.max(...cores),
    readings: cores.length,
    leastSeconds: used / 1000,
  };
}

/** How much of the process's CPU time is in the cpu samples. */
export interface SeenCpu {
  process: ProcessCpu;
  /** Cores by the samples. */
  sampled: number;
  /** 0 to 1. */
  share: number;
}

/** Below this a process is as good as idle, and a few samples more or less say nothing. Cores. */
const leastCores = 0.05;
/** Samples that hold less than this of the process's CPU time were not taken of all threads. */
const expectedShare = 0.8;

/**
 * Where cpu samples hold less of the process's CPU time than chance allows: null where they agree, where no CPU time
 * was sampled, or where nothing is known of the process. Of n samples, n + 2√n + 2 are as many as chance hides.
 */
export function unseenCpu(profile: Profile): SeenCpu | null {
  const process = processCpu(profile);
  const cpu = profile.events.cpu;
  if (process === null || process.cores < leastCores || profile.durationSeconds === 0) return null;
  if (cpu === undefined ? !profile.withoutSamples?.includes('cpu') : !isRated(profile, 'cpu')) return null;
  if (cpu?.sampling !== undefined && cpu.sampling.counts !== 'cpu-time') return null;
  const samples = cpu?.samples.count.reduce((sum, count) => sum + count, 0) ?? 0;
  const seconds = (cpu?.samples.value.reduce((sum, value) => sum + value, 0) ?? 0) / 1e9;
  const atMost = samples === 0 ? 0 : (seconds * (samples + 2 * Math.sqrt(samples) + 2)) / samples;
  if (atMost >= process.leastSeconds * expectedShare) return null;
  const sampled = seconds / profile.durationSeconds;
  return { process, sampled, share: Math.min(1, sampled / process.cores) };
}
