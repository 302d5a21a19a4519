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
import { ConfigurationError } from '../config/problems.ts';
import { newCapture } from '../ledgers/capture-change.ts';
import { openTargets, type OpenTargets } from '../serve/open-targets.ts';
import { asyncProfiler } from '../profiler/profiler.ts';
import { asFailure, Failure, type Reason } from '../reasons/failure.ts';
import { addresses, kindOfUri } from '../captures/target-kinds.ts';
import type { MadeArtifact } from '../artifacts/artifact.ts';
import type { CaptureEvent } from '../profile/capture-event.ts';
import type { Answer } from '../profile/answer/answer.ts';
import { describeByHand } from './by-hand-words.ts';
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
 * for an alert. Ctrl-C ends the window: what was sampled until then is shown. A second one, or one outside the window, ends
 * the command. Either way the target is clean afterwards. Resolves to false, with the reason on stderr, when there is no
 * recording. Throws a ConfigurationError for an engine that is not configured.
 */
export async function capture(uri: string, options: CaptureOptions): Promise<boolean> {
  const configuration = loadConfiguration(options.config);
  checkEngine(uri, configuration);
  const journal = new CommandJournal();
  const interrupted = new AbortController();
  // Also after the first: without a listener, the next one would end Node before the target is clean.
  const interrupt = (): void => {
    if (!journal.endWindow()) interrupted.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, interrupt);
  const targets = openTargets(configuration);
  try {
    const { profiled, answer, partial, artifacts } = await profile(
      askedFor(uri, options, configuration),
      configuration,
      targets,
      journal,
      interrupted.signal,
    );
    const { id, target } = profiled;
    const files = await writeFiles(id, artifacts, options.output);
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ id, target, answer, partial, files }, null, 2)}\n`
        : report(answer, files),
    );
    return true;
  } catch (error) {
    const reason: Reason = interrupted.signal.aborted ? { code: 'interrupted', detail: '' } : reasonOf(error);
    const { sentence, detail, remedy } = describeByHand(reason, kindOfUri(uri));
    say([sentence, ...(detail === '' ? [] : [`  ${detail}`]), `  ${remedy}`].join('\n'));
    return false;
  } finally {
    await targets.close();
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, interrupt);
  }
}

/** What is no Failure is a fault of ours, whose stack says more. */
function reasonOf(error: unknown): Reason {
  if (error instanceof Failure) return error.reason;
  throw error;
}

/** An engine that nobody configured is a typing mistake. */
function checkEngine(uri: string, { origin, targets }: Configuration): void {
  const name = addresses.docker.pattern.exec(uri)?.[1];
  const { engines } = targets.docker;
  if (name === undefined || Object.hasOwn(engines, name)) return;
  throw new ConfigurationError(origin, [
    {
      path: 'targets.docker.engines',
      what: `no engine is called ${name}`,
      remedy: `Write docker://CONTAINER, or one of: ${Object.keys(engines).join(', ')}.`,
    },
  ]);
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
  journal: CommandJournal,
  signal: AbortSignal,
) {
  const { maxRecordingBytes } = limits;
  const analysis = boundedAnalysis(maxRecordingBytes);
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
    { signal, startSignal: signal, endSignal: journal.endSignal },
  ).finally(() => journal.windowOver());
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
  return { profiled, answer, partial: partial || profiled.partial, artifacts };
}

/** Keeps what the window finds in memory, and tells the person at the terminal. */
class CommandJournal implements Journal {
  readonly resumable = false;
  readonly #progress = new ProgressLine();
  readonly #end = new AbortController();
  #inWindow = false;
  recording: Buffer | null = null;

  /** Aborted when the window is to end early. */
  get endSignal(): AbortSignal {
    return this.#end.signal;
  }

  /** Ends the window, once; false outside of it. */
  endWindow(): boolean {
    if (!this.#inWindow || this.#end.signal.aborted) return false;
    this.#progress.stop();
    say('Ending the window early; what was sampled is kept. Ctrl-C again gives it up.');
    this.#end.abort();
    return true;
  }

  windowOver(): void {
    this.#inWindow = false;
    this.#progress.stop();
  }

  admit(capture: Capture): Promise<Capture> {
    const { target, timeline } = capture;
    if (target !== null && target.choice !== '') say(`${target.name}: ${target.choice}`);
    const startedAt = new Date().toISOString();
    return Promise.resolve({ ...capture, state: 'capturing', timeline: { ...timeline, startedAt } });
  }

  started({ target, request, timeline }: Capture): Promise<true> {
    const end = Date.parse(timeline.startedAt ?? '') + request.durationSeconds * 1000;
    this.#inWindow = true;
    this.#progress.start(target?.name ?? '', end);
    return Promise.resolve(true);
  }

  collected(_capture: Capture, recording: Buffer): Promise<true> {
    this.recording = recording;
    this.windowOver();
    return Promise.resolve(true);
  }

  cleaned(): Promise<void> {
    return Promise.resolve();
  }

  failed(error: unknown): Promise<never> {
    return Promise.reject(asFailure(error));
  }

  notClean(left: readonly string[] | Error): void {
    this.#progress.stop();
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
