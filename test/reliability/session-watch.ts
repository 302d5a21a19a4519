import { readdirSync, readlinkSync, statSync } from 'node:fs';

/** One recording that a JVM held open: one session of the profiler, seen without flamepin. */
export interface SeenSession {
  pid: number;
  captureId: string;
  /** Milliseconds since 1970. */
  since: number;
  until: number;
}

export interface WatchedSessions {
  sessions: readonly SeenSession[];
  /** The most sessions that all JVMs together, and any one of them, had at one look. */
  most: number;
  mostInOneJvm: number;
  /** Each time more than `limit` were seen: when, and whose. */
  overLimit: readonly string[];
  /** The longest time between two looks, milliseconds: what is shorter may have been missed. */
  longestGap: number;
}

const recording = /\/flamepin-(c-[0-9a-z]{26})\/recording\.jfr( \(deleted\))?$/;
const lookMs = 20;

/**
 * Watches which recordings the JVMs hold open. async-profiler keeps the file open from the start of a session to its
 * end, so this sees what truly runs in the JVMs, whatever the ledger says.
 */
export class SessionWatch {
  readonly #pids: readonly number[];
  readonly #limit: number;
  readonly #running = new Map<string, SeenSession>();
  readonly #ended: SeenSession[] = [];
  readonly #overLimit: string[] = [];
  readonly #timer: NodeJS.Timeout;
  #most = 0;
  #mostInOneJvm = 0;
  #lastLook = Date.now();
  #longestGap = 0;

  /** @param limit sessions that may run at once in all of them together */
  constructor(pids: readonly number[], limit: number) {
    this.#pids = pids;
    this.#limit = limit;
    this.#timer = setInterval(() => this.#look(), lookMs);
  }

  /** How many sessions run now. */
  get running(): number {
    return this.#running.size;
  }

  stop(): WatchedSessions {
    clearInterval(this.#timer);
    this.#look();
    return {
      sessions: [...this.#ended, ...this.#running.values()],
      most: this.#most,
      mostInOneJvm: this.#mostInOneJvm,
      overLimit: this.#overLimit,
      longestGap: this.#longestGap,
    };
  }

  #look(): void {
    const now = Date.now();
    this.#longestGap = Math.max(this.#longestGap, now - this.#lastLook);
    this.#lastLook = now;
    const before = this.#running.size;
    const open = new Set<string>();
    for (const pid of this.#pids) {
      const here = recordingsOf(pid);
      this.#mostInOneJvm = Math.max(this.#mostInOneJvm, here.size);
      for (const [inode, captureId] of here) {
        const key = `${pid} ${captureId} ${inode}`;
        open.add(key);
        const known = this.#running.get(key);
        if (known === undefined) this.#running.set(key, { pid, captureId, since: now, until: now });
        else known.until = now;
      }
    }
    for (const [key, session] of this.#running) {
      if (open.has(key)) continue;
      this.#running.delete(key);
      this.#ended.push(session);
    }
    this.#most = Math.max(this.#most, open.size);
    if (open.size > this.#limit && open.size > before)
      this.#overLimit.push(`${open.size} at once instead of ${this.#limit}: ${[...open].join(', ')}`);
  }
}

/** Recordings that a process has open: inode → capture. Empty once it has ended. */
function recordingsOf(pid: number): Map<string, string> {
  const found = new Map<string, string>();
  const directory = `/proc/${pid}/fd`;
  for (const descriptor of orElse([], () => readdirSync(directory))) {
    const file = `${directory}/${descriptor}`;
    const captureId = recording.exec(orElse('', () => readlinkSync(file)))?.[1];
    if (captureId === undefined) continue;
    const inode = orElse(null, () => statSync(file).ino);
    // Closed since it was listed.
    if (inode !== null) found.set(String(inode), captureId);
  }
  return found;
}

/** Files of /proc go away while they are looked at. */
function orElse<T>(otherwise: T, look: () => T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
