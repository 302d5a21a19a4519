import type { Pools } from '../../jfr/pools.ts';
import type { Value } from '../../jfr/record.ts';
import type { EventReader } from '../../jfr/recording.ts';
import type { Profile } from '../profile.ts';
import type { RecordedTime } from './recorded-time.ts';

/** A recording of minutes has hundreds; hours of a JVM that collects all the time must not fill the profile. */
const maximumRows = 20_000;
/** Linux itself knows no more. */
const maximumProcessors = 8192;

interface Pause {
  at: number;
  durationMs: number;
  name: string;
}

/** What the recording says about the JVM itself, apart from samples. */
export class JvmFacts {
  mainClass: string | null = null;
  jvm: string | null = null;
  /** Processors of the machine, which CPU load is a share of; undefined when the recording does not say. */
  processors: number | undefined;
  private readonly pauses: Pause[] = [];
  private readonly collections: Pause[] = [];
  private readonly load: { at: number; jvm: number; machine: number }[] = [];

  /** @param byTheJdk whether the JDK itself wrote the chunk */
  readers(
    pools: Pools,
    byTheJdk: boolean,
    atMs: (ticks: number) => number,
    msPerTick: number,
  ): Record<string, EventReader> {
    // The JDK's first reading is what later ones are measured from: it spans no time, and its share of the JVM is 0.
    let isFirst = byTheJdk;
    return {
      'jdk.JVMInformation': {
        fields: ['jvmName', 'jvmVersion', 'javaArguments'],
        visit: ([name, version, javaArguments]) => {
          this.jvm = describeJvm(pools.text(name), pools.text(version));
          this.mainClass = mainClassOf(pools.text(javaArguments) ?? '');
        },
      },
      'jdk.GCPhasePause': {
        fields: ['startTime', 'duration', 'name'],
        visit: ([at, ticks, name]) => {
          if (this.pauses.length >= maximumRows) return;
          this.pauses.push({
            at: atMs(number(at)),
            durationMs: number(ticks) * msPerTick,
            name: pools.text(name) ?? '',
          });
        },
      },
      'jdk.GarbageCollection': {
        fields: ['startTime', 'sumOfPauses', 'name'],
        visit: ([at, ticks, name]) => {
          if (this.collections.length >= maximumRows) return;
          const collector = typeof name === 'number' ? pools.pool('jdk.types.GCName').get(name)?.[0] : name;
          const durationMs = number(ticks) * msPerTick;
          this.collections.push({ at: atMs(number(at)), durationMs, name: pools.text(collector) ?? '' });
        },
      },
      'jdk.CPUInformation': {
        fields: ['hwThreads'],
        visit: ([threads]) => {
          const count = number(threads);
          if (Number.isSafeInteger(count) && count > 0 && count <= maximumProcessors) this.processors = count;
        },
      },
      'jdk.CPULoad': {
        fields: ['startTime', 'jvmUser', 'jvmSystem', 'machineTotal'],
        visit: ([at, user, system, machine]) => {
          const measures = !isFirst || number(user) + number(system) > 0;
          isFirst = false;
          if (!measures || this.load.length >= maximumRows) return;
          this.load.push({
            at: atMs(number(at)),
            jvm: share(number(user) + number(system)),
            machine: share(number(machine)),
          });
        },
      },
    };
  }

  /** Pauses and load within the recorded time, in milliseconds from its start. The JDK's own pauses, else whole collections. */
  during(time: RecordedTime): Pick<Profile, 'gcPauses' | 'cpuLoad'> {
    const within = <T extends { at: number }>(rows: readonly T[]) =>
      rows.filter(({ at }) => time.includes(at)).sort((a, b) => a.at - b.at);
    const pauses = this.pauses.length > 0 ? this.pauses : this.collections;
    return {
      gcPauses: within(pauses).map(({ at, durationMs, name }) => ({
        atMs: time.before(at),
        durationMs,
        name,
      })),
      cpuLoad: within(this.load).map(({ at, jvm, machine }) => ({ atMs: time.before(at), jvm, machine })),
    };
  }
}

function number(value: Value | undefined): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function share(value: number): number {
  return Math.min(1, Math.max(0, value));
}

/** `com.acme.Main` of `com.acme.Main --port 80` or of `module/com.acme.Main`; null for a jar: its name is no class. */
function mainClassOf(javaArguments: string): string | null {
  const first = /^\S+/.exec(javaArguments)?.[0] ?? '';
  const name = first.slice(first.lastIndexOf('/') + 1);
  return /^[\p{L}_$][\p{L}\p{N}_$.]*$/u.test(name) && !name.endsWith('.jar') && name.length <= 300
    ? name
    : null;
}

/** async-profiler gives `17.0.15+6`, the JDK a sentence that begins with the name. */
function describeJvm(name: string | null, version: string | null): string | null {
  if (version === null) return name?.slice(0, 200) ?? null;
  const text = name === null || version.startsWith(name) ? version : `${name} ${version}`;
  return text.slice(0, 200);
}
