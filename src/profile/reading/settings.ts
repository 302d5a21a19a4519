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

/** How the recording was made: jdk.ActiveSetting of async-profiler and of the JDK. */
export class Settings {
  /** Engine behind cpu samples: ctimer, perf_events, itimer; null when the recording does not say. */
  engine: string | null = null;
  private readonly intervals = new Map<ProfileEvent, number>();
  /** async-profiler's `-e`; empty until it was read. */
  private lead = '';
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

  readers({ schema, pools }: OpenChunk): Record<string, EventReader> {
    return {
      'jdk.ActiveSetting': {
        fields: ['id', 'name', 'value'],
        visit: ([id, nameSlot, valueSlot]) => {
          const name = pools.text(nameSlot) ?? '';
          const value = pools.text(valueSlot) ?? '';
          const eventName = typeof id === 'number' ? schema.byId.get(id)?.name : undefined;
          if (name === 'event' && eventName === 'jdk.ActiveRecording') this.lead = value;
          if (name === 'live' && value === 'true') this.keepsLive = true;
          if (name === 'engine' && value !== '') this.engine = value.slice(0, 40);
          for (const [event, setting, settingOf] of intervalSettings) {
            if (name !== setting || eventName !== settingOf) continue;
            // Where wall leads, `interval` is its own, and there is no cpu.
            this.take(event === 'cpu' && this.lead === 'wall' ? 'wall' : event, Number(value));
          }
          // The JDK's recorder: `period` of its execution samples, which count as wall.
          const period = /^(\d+) (ns|us|ms|s)$/.exec(value);
          if (name === 'period' && eventName === 'jdk.ExecutionSample' && period !== null) {
            this.take('wall', Number(period[1]) * nanosPerUnit[period[2]!]!);
          }
        },
      },
    };
  }

  private take(event: ProfileEvent, value: number): void {
    const interval = value === 0 ? (defaultIntervals[event] ?? 0) : value;
    if (Number.isSafeInteger(interval) && interval >= 0) this.intervals.set(event, interval);
  }
}
