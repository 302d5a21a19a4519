import { RE2JS } from 're2js';
import { asFailure, Failure } from '../reasons/failure.ts';
import { bringUpMs, listMs, startScriptMs } from './bounds.ts';
import type { Exec } from './exec.ts';
import { clockOf, cpuStatOf, fact, readFacts, type Facts } from './facts.ts';
import { obtainPayloads } from './obtain.ts';
import { sha256Of, type Architecture, type Payload } from './payload.ts';
import { cleanUpScript, collectScript, commandOf, listScript, startScript } from './script.ts';
import { sessionOf, type Answer } from './start-answer.ts';
import type { Session } from './session.ts';

/** Bounds, milliseconds and bytes. Before the first command an ephemeral container may have to be brought up. */
const startDeadlineMs = bringUpMs + startScriptMs;
const listDeadlineMs = bringUpMs + listMs;
const cleanUpDeadlineMs = 20_000;
/** Dumping a 60 s window takes under 0.1 s; more means that the JVM is starved. */
const graceSeconds = 10;
/** How long a session may take to end after its window. */
const waitSeconds = 60 + graceSeconds;
const transferDeadlineMs = 60_000;
const maxFactsBytes = 1 << 20;
/** A wrong size or hash comes from a broken proxy or connection: worth another attempt. */
const attempts = 3;

export interface StartRequest {
  captureId: string;
  /** 1 to 60. */
  durationSeconds: number;
  /** RE2 over the command line (arguments joined by blanks), when several JVMs may run there. */
  process: string | null;
  /** The process, when it is known. */
  pid: number | null;
  /** If the target's adapter knows it; otherwise a wrong guess costs a second attempt. */
  architecture?: Architecture;
}

export interface Collected {
  recording: Buffer;
  /** The window was cut short: the process ended, or the profiler did not answer. */
  partial: boolean;
  /** The session is known to have ended, by its timeout or with its process. */
  ended: boolean;
  /** cpu.stat at the end; null when there is none or the process is gone. */
  cpuStat: Session['cpuStat'];
  /** When the recording was last written, ISO, on our clock. */
  windowEndedAt: string | null;
}

/**
 * async-profiler in a target, through nothing but an Exec: one command starts, one collects, one cleans up.
 * The agent in the JVM ends the session by itself, whatever becomes of us.
 */
export class Profiler {
  readonly #payloads: (architecture: Architecture) => Promise<Payload>;

  /** @param payloads reads what is sent to a target of that architecture; rejects when there is none */
  constructor(payloads: (architecture: Architecture) => Promise<Payload>) {
    this.#payloads = payloads;
  }

  /**
   * Finds the JVM, checks what would make profiling it dangerous or futile, and starts a session that ends itself.
   * @returns the session, and when its first sample was due at the latest (ISO, our clock)
   * @throws Failure with the reason of the refusal (nothing was touched), or of the connection
   */
  async start(
    exec: Exec,
    request: StartRequest,
    signal: AbortSignal,
  ): Promise<{ session: Session; firstSampleAt: string | null }> {
    const candidates =
      request.pid !== null
        ? String(request.pid)
        : request.process === null
          ? 'any'
          : await this.#matching(exec, request.process, signal);
    const architecture = request.architecture ?? 'linux-x64';
    const first = await this.#tryStart(exec, request, candidates, architecture, signal);
    const there = fact(first.facts, 'arch');
    const other = architecture === 'linux-x64' ? 'linux-arm64' : 'linux-x64';
    const answer =
      request.architecture === undefined &&
      fact(first.facts, 'refused') === 'architecture-unknown' &&
      there === other
        ? await this.#tryStart(exec, request, candidates, other, signal)
        : first;
    return sessionOf(answer, request.captureId, exec.place ?? null);
  }

  async #tryStart(
    exec: Exec,
    request: StartRequest,
    candidates: string,
    architecture: Architecture,
    signal: AbortSignal,
  ): Promise<Answer> {
    const payload = await this.#payloads(architecture);
    const sentAt = Date.now();
    const result = await exec.run({
      argv: commandOf(
        startScript,
        request.captureId,
        String(request.durationSeconds),
        candidates,
        architecture,
        String(payload.asprofBytes),
        payload.sha256,
      ),
      stdin: payload.bytes,
      stdinWhenAsked: true,
      deadlineMs: startDeadlineMs,
      maxOutputBytes: maxFactsBytes,
      signal,
    });
    return {
      facts: readFacts(result.stdout.toString('utf8')),
      stderr: result.stderr,
      sentAt,
      receivedAt: Date.now(),
    };
  }

  /** Which JVMs match the pattern. No shell supports RE2, so command lines are matched here. */
  async #matching(exec: Exec, pattern: string, signal: AbortSignal): Promise<string> {
    const expression = RE2JS.compile(pattern);
    const result = await exec.run({
      argv: commandOf(listScript),
      deadlineMs: listDeadlineMs,
      maxOutputBytes: maxFactsBytes,
      signal,
    });
    const jvms: { pid: string; args: string[] }[] = [];
    for (const line of result.stdout.toString('utf8').split('\n')) {
      if (line.startsWith('jvm=')) jvms.push({ pid: line.slice(4), args: [] });
      else if (line.startsWith('arg=')) jvms.at(-1)?.args.push(line.slice(4));
    }
    const fitting = jvms.filter(({ args }) => expression.matcher(args.join(' ')).find());
    if (fitting.length === 0) {
      throw new Failure('not-a-jvm', {
        detail: `none of the ${jvms.length} JVMs there has a command line that matches ${pattern}`,
        stderr: result.stderr,
      });
    }
    // start.sh takes no more; whoever runs 32 JVMs in one place needs a better pattern.
    return fitting
      .slice(0, 32)
      .map(({ pid }) => pid)
      .join(',');
  }

  /**
   * Waits for the end of the session (call it when the window should be over), for at most 70 s. Nothing is fetched.
   * @returns the size of its recording, bytes; 0 when there is none
   * @throws Failure of the connection
   */
  async waitForEnd(exec: Exec, session: Session, signal: AbortSignal): Promise<number> {
    const { facts } = await this.#ask(exec, session, { maxBytes: 0, waitSeconds }, signal);
    return Math.max(0, Number(fact(facts, 'size')));
  }

  /**
   * Waits for the end of the session, unless `wait` is false because waitForEnd did, and fetches the recording, size and
   * hash checked. The recording stays in the target until cleanUp.
   * @throws Failure target-gone, recording-missing, exec-overflow (over maxBytes), payload-rejected (arrived damaged
   *   each time), or of the connection
   */
  async collect(
    exec: Exec,
    session: Session,
    { maxBytes, wait = true }: { maxBytes: number; wait?: boolean },
    signal: AbortSignal,
  ): Promise<Collected> {
    const bounds = { maxBytes, waitSeconds: wait ? waitSeconds : 0 };
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#fetch(exec, session, bounds, signal);
      } catch (error) {
        const failure = asFailure(error);
        const again = failure.code === 'recording-damaged' || failure.code === 'exec-disconnected';
        if (!again || attempt === attempts || signal.aborted) throw failure;
      }
    }
  }

  async #ask(
    exec: Exec,
    session: Session,
    { maxBytes, waitSeconds }: { maxBytes: number; waitSeconds: number },
    signal: AbortSignal,
  ): Promise<{ facts: Facts; recording: Buffer; stderr: string }> {
    const place = /^(?:\/proc\/\d+\/root)?(\/[a-z/]+)\/flamepin-(c-[0-9a-z]{26})\/recording\.jfr$/.exec(
      session.recordingPath,
    );
    if (place === null)
      throw new Failure('recording-missing', { detail: `not a path of ours: ${session.recordingPath}` });
    const [, base = '', captureId = ''] = place;
    const { stdout, stderr } = await exec.run({
      argv: commandOf(
        collectScript,
        captureId,
        String(session.pid),
        session.startTicks,
        session.bootId,
        base,
        String(maxBytes),
        String(waitSeconds),
      ),
      deadlineMs: waitSeconds * 1000 + transferDeadlineMs,
      maxOutputBytes: maxBytes + maxFactsBytes,
      signal,
    });
    const end = stdout.indexOf('\n\n');
    if (end === -1)
      throw new Failure('recording-damaged', { detail: 'the answer of the target was cut', stderr });
    return {
      facts: readFacts(stdout.subarray(0, end).toString('utf8')),
      recording: stdout.subarray(end + 2),
      stderr,
    };
  }

  async #fetch(
    exec: Exec,
    session: Session,
    bounds: { maxBytes: number; waitSeconds: number },
    signal: AbortSignal,
  ): Promise<Collected> {
    const { maxBytes } = bounds;
    const { facts, recording, stderr } = await this.#ask(exec, session, bounds, signal);
    const state = fact(facts, 'state');
    const size = Number(fact(facts, 'size'));
    if (!(size > 0)) {
      if (state === 'gone')
        throw new Failure('target-gone', { detail: `process ${session.pid}, without a recording` });
      throw new Failure('recording-missing', {
        detail: size === 0 ? 'the file is empty' : `${session.recordingPath} does not exist`,
        stderr,
      });
    }
    if (size > maxBytes) {
      throw new Failure('exec-overflow', {
        detail: `the recording has ${size} bytes; the limit is ${maxBytes}`,
      });
    }
    if (recording.length !== size || sha256Of(recording) !== fact(facts, 'sha256')) {
      throw new Failure('recording-damaged', {
        detail: `${recording.length} of ${size} bytes arrived, or their checksum is wrong`,
        stderr,
      });
    }
    const ended = clockOf(fact(facts, 'ended'));
    return {
      recording,
      partial: state !== 'over',
      ended: state === 'over' || state === 'gone',
      cpuStat: cpuStatOf(facts),
      windowEndedAt: ended === null ? null : new Date(ended.earliest - session.clockSkewMs).toISOString(),
    };
  }

  /**
   * Ends the session before its window is over; the recording stays, to be collected. Where the JVM does not answer, the
   * session ends by itself when its window does.
   */
  async end(exec: Exec, session: Session, signal: AbortSignal): Promise<void> {
    await this.#askToClean(
      exec,
      [captureIdOf(session), String(session.pid), session.startTicks, 'end'],
      'ended',
      signal,
    );
  }

  /**
   * Removes everything of ours from the target's file system; a session that still runs is ended first.
   * @returns what could not be removed
   */
  async cleanUp(exec: Exec, session: Session, signal: AbortSignal): Promise<{ left: string[] }> {
    const values = [captureIdOf(session), String(session.pid), session.startTicks, 'stop'];
    return this.#remove(exec, values, signal);
  }

  /**
   * The same when flamepin died before it learned of the session, which ends by itself: by the capture's id, and the
   * process when it is known. Without the process the unpacked profiler of a JVM that lives is left there.
   */
  async cleanUpUnknown(
    exec: Exec,
    captureId: string,
    signal: AbortSignal,
    process?: { pid: number; startTicks: string },
  ): Promise<{ left: string[] }> {
    const { pid, startTicks } = process ?? { pid: 0, startTicks: '0' };
    return this.#remove(exec, [captureId, String(pid), startTicks, 'leave'], signal);
  }

  async #remove(exec: Exec, values: string[], signal: AbortSignal): Promise<{ left: string[] }> {
    const facts = await this.#askToClean(exec, values, 'cleaned', signal);
    return { left: [...(facts.get('left') ?? [])] };
  }

  /** @param last what it prints at its end */
  async #askToClean(
    exec: Exec,
    values: string[],
    last: 'cleaned' | 'ended',
    signal: AbortSignal,
  ): Promise<Facts> {
    const result = await exec.run({
      argv: commandOf(cleanUpScript, ...values),
      deadlineMs: cleanUpDeadlineMs,
      maxOutputBytes: maxFactsBytes,
      signal,
    });
    const facts = readFacts(result.stdout.toString('utf8'));
    if (fact(facts, last) === null)
      throw new Failure('exec-disconnected', { detail: 'cleaning up did not finish', stderr: result.stderr });
    return facts;
  }
}

/**
 * The profiler with async-profiler from a directory (it or its subdirectory named after the architecture holds the
 * files), or from the cache, which async-profiler.sh fills when it is empty.
 */
export function asyncProfiler(directory: string | null, cacheDirectory: string): Profiler {
  return new Profiler(obtainPayloads(directory, cacheDirectory));
}

const captureIdOf = ({ recordingPath }: Session): string =>
  /flamepin-(c-[0-9a-z]{26})\//.exec(recordingPath)?.[1] ?? '';
