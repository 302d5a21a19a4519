import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { boundedAnalysis } from '../captures/analysis/bounded-analysis.ts';
import { recordingMemory } from '../captures/analysis/recording-memory.ts';
import type { Capture } from '../captures/capture.ts';
import { manualDecision } from '../captures/manual.ts';
import { profileWindow } from '../captures/stages/profile-window.ts';
import type { Journal } from '../captures/stages/window-parts.ts';
import { loadConfiguration, type Configuration } from '../config/load.ts';
import { newCapture } from '../ledgers/capture-change.ts';
import { openTargets, type OpenTargets } from '../serve/open-targets.ts';
import { asyncProfiler } from '../profiler/profiler.ts';
import { asFailure, Failure } from '../reasons/failure.ts';
import { kindOfUri } from '../captures/target-kinds.ts';
import type { MadeArtifact } from '../artifacts/artifact.ts';
import type { CaptureEvent } from '../profile/capture-event.ts';
import type { Answer } from '../profile/answer/answer.ts';
import { ProgressLine, say } from './progress-line.ts';

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
    const { profiled, answer, partial, artifacts } = await profile(
      askedFor(uri, options, configuration),
      configuration,
      targets,
      interrupted.signal,
    );
    const { id, target } = profiled;
    const files = await writeFiles(id, artifacts, options.output);
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ id, target, answer, partial, files }, null, 2)}\n`
        : report(answer, files),
    );
  } catch (error) {
    throw interrupted.signal.aborted ? new Failure('interrupted', { cause: error }) : error;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    await targets.close();
  }
}

/** The capture that the command line asks for, before its target is known. */
function askedFor(
  uri: string,
  { event, duration }: CaptureOptions,
  { limits }: Pick<Configuration, 'limits'>,
): Capture {
  const now = Date.now();
  const asked = {
    target: uri,
    kind: kindOfUri(uri),
    event,
    durationSeconds: duration,
    purpose: 'manual',
    sibling: false,
  } as const;
  return newCapture(manualDecision(asked, now, limits), now);
}

/** The window of the worker, with a journal in memory; then the analysis, without a baseline. */
async function profile(
  asked: Capture,
  { limits, profiler, cacheDirectory, applicationPackages }: Configuration,
  targets: OpenTargets,
  signal: AbortSignal,
) {
  const { maxRecordingBytes } = limits;
  const analysis = boundedAnalysis(maxRecordingBytes);
  const journal = new CommandJournal();
  const profiled = await profileWindow(
    asked,
    {
      targets: (kind) => targets.get(kind),
      profiling: asyncProfiler(profiler.directory ?? null, cacheDirectory),
      analysis,
      memory: recordingMemory(maxRecordingBytes),
      observer: { stage: () => undefined },
      now: Date.now,
      limits: { maxRecordingBytes },
    },
    journal,
    { signal, startSignal: signal },
  ).finally(() => journal.progress.stop());
  if (profiled === null || journal.recording === null)
    throw new Failure('internal-error', { detail: 'the window ended without a recording' });
  const input = {
    recording: journal.recording,
    capture: profiled,
    baseline: null,
    publicUrl: null,
    applicationPackages,
    profilerLinks: [],
  };
  const { answer, partial, artifacts } = await analysis.analyse(input, signal);
  return { profiled, answer, partial, artifacts };
}

/** Keeps what the window finds in memory, and tells the person at the terminal. */
class CommandJournal implements Journal {
  readonly resumable = false;
  readonly progress = new ProgressLine();
  recording: Buffer | null = null;

  admit(capture: Capture): Promise<Capture> {
    const { target, timeline } = capture;
    if (target !== null && target.choice !== '') say(`${target.name}: ${target.choice}`);
    const startedAt = new Date().toISOString();
    return Promise.resolve({ ...capture, state: 'capturing', timeline: { ...timeline, startedAt } });
  }

  started({ target, request, timeline }: Capture): Promise<true> {
    const end = Date.parse(timeline.startedAt ?? '') + request.durationSeconds * 1000;
    this.progress.start(target?.name ?? '', end);
    return Promise.resolve(true);
  }

  collected(_capture: Capture, recording: Buffer): Promise<true> {
    this.recording = recording;
    this.progress.stop();
    return Promise.resolve(true);
  }

  cleaned(): Promise<void> {
    return Promise.resolve();
  }

  failed(error: unknown): Promise<never> {
    return Promise.reject(asFailure(error));
  }

  notClean(left: readonly string[] | Error): void {
    this.progress.stop();
    say(
      left instanceof Error
        ? `The target could not be cleaned: ${left.message}`
        : `Left in the target: ${left.join(', ')}`,
    );
  }
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
