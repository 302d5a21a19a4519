import type { EventReader, OpenChunk } from '../../jfr/recording.ts';
import type { ProfileEvent } from '../profile.ts';
import { profileEvents } from '../sampling.ts';

/** async-profiler's own intervals where its setting says 0 (measured: --all with 4.5 writes 0 for these). */
const defaultIntervals: Readonly<Partial<Record<ProfileEvent, number>>> = {
  cpu: 10_000_000,
  wall: 50_000_000,
  alloc: 524_288,
};

/** Which setting of which event holds the interval of a profile's event. */
const intervalSettings: readonly [ProfileEvent, name: string, eventName: string][] = [
  ['cpu', 'interval', 'jdk.ExecutionSample'],
  ['wall', 'wall', 'jdk.ExecutionSample'],
  ['alloc', 'alloc', 'jdk.ObjectAllocationInNewTLAB'],
  ['lock', 'lock', 'jdk.JavaMonitorEnter'],
  ['nativemem', 'nativemem', 'profiler.Malloc'],
  ['nativelock', 'nativelock', 'profiler.NativeLock'],
];

const nanosPerUnit: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };

/**
 * What a recording was made with: jdk.ActiveSetting of async-profiler and of the JDK. Both may be in one file
 * (`jfrsync`, or two recordings joined), each in chunks of its own, and both name settings of jdk.ExecutionSample.
 */
export class Settings {
  /** Of async-profiler: `4.5`, `2.9`; null when it did not record, or does not say. */
  version: string | null = null;
  /** async-profiler's own word for what interrupts: ctimer, perf_events, itimer, wall; 2.x writes none. */
  engine: string | null = null;
  /** async-profiler's `-e`; '' until it was read. */
  lead = '';
  /** The JDK's waits for locks shorter than this were not recorded, nanoseconds; null when it does not say. */
  lockThreshold: number | null = null;
  private readonly intervals = new Map<ProfileEvent, number>();
  private keepsLive = false;

  /** The events that async-profiler was asked for; undefined when something else recorded. */
  get recorded(): ProfileEvent[] | undefined {
    if (this.lead === '') return undefined;
    return profileEvents.filter((event) => (event === 'live' ? this.keepsLive : this.intervals.has(event)));
  }

  /** Sampling interval in nanoseconds or bytes; 0 when unknown. */
  interval(event: ProfileEvent): number {
    return this.intervals.get(event) ?? (event === 'live' ? this.interval('alloc') : 0);
  }

  /** @param byTheJdk whether the JDK itself wrote the chunk */
  readers({ schema, pools }: OpenChunk, byTheJdk: boolean): Record<string, EventReader> {
    return {
      'jdk.ActiveSetting': {
        fields: ['id', 'name', 'value'],
        visit: ([id, nameSlot, valueSlot]) => {
          const name = pools.text(nameSlot) ?? '';
          const value = pools.text(valueSlot) ?? '';
          const eventName = typeof id === 'number' ? (schema.byId.get(id)?.name ?? '') : '';
          if (byTheJdk) this.takeFromJdk(eventName, name, value);
          else this.takeFromProfiler(eventName, name, value);
        },
      },
    };
  }

  private takeFromJdk(eventName: string, name: string, value: string): void {
    if (eventName !== 'jdk.JavaMonitorEnter' || name !== 'threshold') return;
    const threshold = /^(\d+) (ns|us|ms|s)$/.exec(value);
    if (threshold !== null) this.lockThreshold = Number(threshold[1]) * nanosPerUnit[threshold[2]!]!;
  }

  private takeFromProfiler(eventName: string, name: string, value: string): void {
    if (eventName === 'jdk.ActiveRecording') {
      if (name === 'event') this.lead = value.slice(0, 200);
      if (name === 'version' && /^[\w.-]{1,40}$/.test(value)) this.version = value;
    }
    if (name === 'live' && value === 'true') this.keepsLive = true;
    if (name === 'engine' && value !== '') this.engine = value.slice(0, 40);
    for (const [event, setting, settingOf] of intervalSettings) {
      if (name !== setting || eventName !== settingOf) continue;
      // Where wall leads, `interval` is its own, and there is no cpu.
      this.take(event === 'cpu' && this.lead === 'wall' ? 'wall' : event, Number(value));
    }
  }

  private take(event: ProfileEvent, value: number): void {
    const interval = value === 0 ? (defaultIntervals[event] ?? 0) : value;
    if (Number.isSafeInteger(interval) && interval >= 0) this.intervals.set(event, interval);
  }
}
