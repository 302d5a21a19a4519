import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { analysisThreads } from '../captures/analysis/analysis-threads.ts';
import type { Capture } from '../captures/capture.ts';
import { manualDecision } from '../captures/manual.ts';
import { processOf } from '../captures/stages/start-window.ts';
import { loadConfiguration } from '../config/load.ts';
import { newCapture } from '../ledgers/capture-change.ts';
import { openTargets } from '../serve/open-targets.ts';
import { obtainPayloads } from '../profiler/obtain.ts';
import { Profiler } from '../profiler/profiler.ts';
import { asFailure, Failure } from '../reasons/failure.ts';
import { kindOfUri } from '../captures/target-kinds.ts';
import type { MadeArtifact } from '../artifacts/artifact.ts';
import type { CaptureEvent } from '../profile/capture-event.ts';
import type { Answer } from '../profile/answer/answer.ts';

export interface CaptureOptions {
  event: CaptureEvent;
  /** Seconds. */
  duration: number;
  output: string;
  json: boolean;
  config?: string;
}

/**
 * `flamepin capture TARGET`: one capture by hand, without server or ledger. Checks and bounds are those of a capture
 * for an alert. Ctrl-C stops the session and cleans the target. Throws a Failure with the reason when there is none.
 */
export async function capture(uri: string, options: CaptureOptions): Promise<void> {
  const configuration = loadConfiguration(options.config);
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const targets = openTargets(configuration);
  try {
    const done = await profile(uri, options, interrupted.signal);
    const files = await writeFiles(done.capture.id, done.artifacts, options.output);
    if (options.json)
      process.stdout.write(
        `${JSON.stringify({ id: done.capture.id, target: done.capture.target, answer: done.answer, partial: done.partial, files }, null, 2)}\n`,
      );
    else process.stdout.write(report(done.answer, files));
  } catch (error) {
    throw interrupted.signal.aborted ? new Failure('interrupted', { cause: error }) : error;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    await targets.close();
  }

  async function profile(uri: string, { event, duration }: CaptureOptions, stop: AbortSignal) {
    const now = Date.now();
    const decision = manualDecision(
      {
        target: uri,
        kind: kindOfUri(uri),
        event,
        durationSeconds: duration,
        purpose: 'manual',
        sibling: false,
      },
      now,
      configuration.limits,
    );
    const asked = newCapture(decision, now);
    const adapter = await targets.get(decision.request.target.kind);
    const target = await adapter.resolve(
      { labels: {}, startsAt: decision.alert.startsAt, generatorUrl: '', uri },
      stop,
    );
    if (target.choice !== '') say(`${target.name}: ${target.choice}`);

    const profiler = new Profiler(
      obtainPayloads(configuration.profiler.directory ?? null, configuration.cacheDirectory),
    );
    const exec = adapter.open(target);
    try {
      const startedAt = Date.now();
      const pid = target.data['pid'];
      const { session, firstSampleAt } = await profiler
        .start(
          exec,
          {
            captureId: decision.id,
            durationSeconds: duration,
            process: null,
            pid: typeof pid === 'number' ? pid : null,
          },
          stop,
        )
        .catch(async (error: unknown) => {
          // Interrupted before it was known what had been started; a session ends by itself.
          if (stop.aborted)
            await profiler.cleanUpUnknown(
              adapter.open(target, { place: exec.place ?? null }),
              decision.id,
              AbortSignal.timeout(30_000),
              processOf(target),
            );
          throw error;
        });
      try {
        await countDown(startedAt + duration * 1000, target.name, stop);
        const collected = await profiler.collect(
          exec,
          session,
          { maxBytes: configuration.limits.maxRecordingBytes },
          stop,
        );
        const analysis = analysisThreads(configuration.limits.maxRecordingBytes);
        const recording = await analysis.mask(collected.recording);
        const capture: Capture = {
          ...asked,
          state: 'storing',
          target,
          session: { ...session, cpuStatAfter: collected.cpuStat },
          partial: collected.partial,
          timeline: {
            ...asked.timeline,
            startedAt: new Date(startedAt).toISOString(),
            firstSampleAt,
            windowEndedAt: collected.windowEndedAt,
          },
        };
        const made = await analysis.analyse(
          {
            recording,
            capture,
            baseline: null,
            publicUrl: null,
            applicationPackages: configuration.applicationPackages,
            profilerLinks: [],
          },
          stop,
        );
        return { capture, ...made };
      } finally {
        // Not with the caller's signal: after Ctrl-C the target is cleaned all the same.
        const { left } = await profiler
          .cleanUp(exec, session, AbortSignal.timeout(30_000))
          .catch((error: unknown) => {
            say(`The target could not be cleaned: ${asFailure(error).message}`);
            return { left: session.leftovers };
          });
        if (left.length > 0) say(`Left in the target: ${left.join(', ')}`);
      }
    } finally {
      await exec.close?.();
    }
  }
}

/** One line that counts down, on a terminal only. */
async function countDown(end: number, name: string, stop: AbortSignal): Promise<void> {
  while (Date.now() < end) {
    if (process.stderr.isTTY)
      process.stderr.write(`\rprofiling ${name}: ${Math.ceil((end - Date.now()) / 1000)} s `);
    await sleep(Math.min(1000, Math.max(0, end - Date.now())), undefined, { signal: stop });
  }
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
}

async function writeFiles(id: string, artifacts: readonly MadeArtifact[], output: string): Promise<string[]> {
  const directory = join(output, id);
  await mkdir(directory, { recursive: true });
  return Promise.all(
    artifacts.map(async ({ name, event, body, contentEncoding }) => {
      const isRecording = name === 'recording.jfr';
      const file = join(directory, event === null ? (isRecording ? `${name}.gz` : name) : `${event}.${name}`);
      await writeFile(file, contentEncoding === 'gzip' && !isRecording ? gunzipSync(body) : body);
      return file;
    }),
  );
}

function report(answer: Answer, files: readonly string[]): string {
  const frames = answer.topFrames
    .slice(0, 5)
    .map(({ name, share }) => `  ${(share * 100).toFixed(1).padStart(5)} %  ${name}`);
  return `${[answer.headline, ...answer.lines, ...frames, '', ...files].join('\n')}\n`;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
