import { blindSpots, fewSamples, missingLines } from './blind-spots.ts';
import { minRate } from '../comparison/compare.ts';
import { shortDisplayName } from '../comparison/changed-row.ts';
import type { ChangedFrame, Comparison } from '../comparison/comparison.ts';
import { leadingChange, lookAlike, place } from '../comparison/headline.ts';
import { processSentence, unseenSentence } from './cpu-seen.ts';
import { division, leftOutSentence } from './division.ts';
import { entryPart, samplesWithin, type EntryPart } from '../comparison/entry-frames.ts';
import { eventSamples, FrameNames, type EventSamples } from '../event-samples.ts';
import { applicationPackages } from '../frame-kind.ts';
import { idleWindow } from './idle-window.ts';
import { leadingCause, type LeadingCause } from './leading-cause.ts';
import { hotSpots, widestFrames, type HotSpot } from '../comparison/hot-spots.ts';
import type { Profile, ProfileEvent } from '../profile.ts';
import { percent, points, rate, rates, rowUnit } from '../quantities.ts';
import { isRated } from '../recorded.ts';
import {
  freshStartVerdict,
  pausesVerdict,
  throttlingVerdict,
  type CpuThrottling,
  type Verdict,
} from './verdicts.ts';
import type { Answer } from './answer.ts';

export interface AnswerInput {
  profile: Profile;
  /** The lead event. */
  event: ProfileEvent;
  /** Of the alert: those that name a part of the service choose what is looked at. */
  labels: Readonly<Record<string, string>>;
  /** When the alert began, ISO; null for captures by hand. */
  startsAt: string | null;
  /** The window that was asked for. */
  durationSeconds: number;
  /** Of the lead event; null without a baseline. */
  comparison: Comparison | null;
  /** Of further events with the same baseline. */
  otherComparisons?: readonly Comparison[];
  /** cpu.stat after the window minus before; null where there is none. */
  cpuThrottling: CpuThrottling | null;
  /** Events that the JVM could not record, and why, in async-profiler's words. */
  missingEvents?: Readonly<Record<string, string>>;
  /** When the target's process started, ISO. */
  targetStartedAt: string | null;
  /** Configured packages of application code; found in the profile when there are none. */
  applicationPackages?: readonly string[];
  /** What it means for the reader when both profiles look alike, a sentence. Default '': nothing. */
  whenAlike?: string;
}

/** What the profile alone can answer; the caller adds which capture it was compared with. */
export type ProfileAnswer = Pick<Answer, 'headline' | 'confidence' | 'lines' | 'topFrames' | 'samples'>;

const topFrames = 8;
/** A hot spot of at least this share is likely the cause even without a baseline. */
const dominantShare = 0.5;
/** A change of at least this size is called certain when there are samples enough. */
const certainChange = 0.1;
const furtherChanges = 3;

/** The profile in words. Pure; the same input gives the same text. Everything returned is plain text. */
export function answer(input: AnswerInput): ProfileAnswer {
  const { profile, event, comparison } = input;
  const code = {
    mainClass: profile.mainClass,
    applicationPackages: applicationPackages(profile, input.applicationPackages ?? []),
  };
  const names = new FrameNames();
  const counted = eventSamples(profile, event, code, names);
  const isIdle = counted.samples === 0 && counted.idle > 0;
  const whole = isIdle ? eventSamples(profile, event, code, names, { keepsIdle: true }) : counted;
  const idle = isIdle ? idleWindow(event, whole, names) : null;
  const cpu = event === 'cpu' ? whole : eventSamples(profile, 'cpu', code, names);
  const part = entryPart(input.labels, whole, names);
  const isPart = part !== null && part.numbers.size > 0;
  const within = isPart ? samplesWithin(whole, part.numbers) : whole;
  const of = isPart ? part.value : '';
  const spots = hotSpots(within, names, event);
  const verdicts = [
    throttlingVerdict(input.cpuThrottling),
    pausesVerdict(profile),
    freshStartVerdict(input.targetStartedAt, input.startsAt, cpu, names),
  ].filter((verdict) => verdict !== null);

  const leading = leadingCause(comparison, part, within, whole, names);
  const grown = leading !== null && leading.row.deltaShare > 0 ? leading : null;
  const strong = verdicts.find((verdict) => verdict.strong) ?? null;
  const findings: Findings = {
    grown,
    strong,
    spots,
    part,
    samples: within.samples,
    total: within.total / within.seconds,
    unseen: event === 'cpu' ? unseenSentence(profile) : null,
  };
  const headline = strong === null && idle !== null ? idle.headline : headlineOf(input, findings);
  const alike = strong === null && lookAlike(comparison, input.otherComparisons ?? []);
  const lines = [
    alike ? (input.whenAlike ?? '') : '',
    ...(idle === null ? [] : [idle.headline, idle.line]),
    ...verdicts
      .filter((verdict) => !headline.startsWith(verdict.sentence))
      .map((verdict) => capital(verdict.sentence)),
    ...partLines(part, within, whole, spots, event, grown),
    ...elsewhereLine(part, grown),
    // Where the verdict is the sentence: what the code did meanwhile, for whoever must spend less.
    ...(strong && whole.samples > 0 ? [headlineOf(input, { ...findings, strong: null })] : []),
    ...changeLines(comparison, leading?.row ?? null),
    idle === null ? division(event, within, names, of) : '',
    ...cpuSeenLines(profile, headline),
    leftOutSentence(event, whole),
    ...downstreamLine(event, within, spots, grown),
    ...otherEventLines(input, cpu, names),
    ...missingLines(input.missingEvents ?? {}),
    ...blindSpots(profile, event, code, { samples: within.samples, of }, input.durationSeconds),
  ];
  return {
    headline,
    confidence: confidenceOf(
      leading,
      strong,
      comparison === null && within.total / within.seconds >= (minRate[event] ?? 0)
        ? (spots[0] ?? null)
        : null,
      within.samples,
    ),
    lines: [...new Set(lines.filter((line) => line !== '' && line !== headline))],
    topFrames: widestFrames(within, names, topFrames),
    samples: whole.samples,
  };
}

interface Findings {
  grown: LeadingCause | null;
  strong: Verdict | null;
  spots: readonly HotSpot[];
  part: EntryPart | null;
  samples: number;
  /** In the event's unit per second. */
  total: number;
  /** That the cpu samples hold too little of what the process used. */
  unseen: { sentence: string; leads: boolean } | null;
}

function headlineOf(
  input: AnswerInput,
  { grown, strong, spots, part, samples, total, unseen }: Findings,
): string {
  const { event, comparison } = input;
  if (strong !== null && (grown === null || grown.row.deltaShare < dominantShare)) return strong.sentence;
  if (unseen?.leads === true) return unseen.sentence;
  if (grown !== null) return grown.sentence;
  const where = part !== null && part.numbers.size > 0 ? part.value : '';
  const isMuch = total >= (minRate[event] ?? 0);
  const spot = isMuch ? spots[0] : undefined;
  if (comparison !== null) {
    return spot === undefined
      ? comparison.headline
      : `${comparison.headline}; widest: ${spotWords(spot, event, where)}`;
  }
  if (spot !== undefined) return `${event}: ${spotWords(spot, event, where)}`;
  const of = where === '' ? '' : ` of ${where}`;
  if (samples === 0 && input.missingEvents?.[event] !== undefined)
    return `${event}: this JVM cannot record it`;
  if (samples === 0) return `${event}: no samples${of}`;
  return !isMuch
    ? `${event}: next to nothing${of} waits for locks (${rate(total, event)}, ${samples} samples)`
    : `${event}: no application code stands out${of} (${isRated(input.profile, event) ? `${rate(total, event)}, ` : ''}${samples} samples)`;
}

/** How much of the CPU time the samples hold, where that is not all, or where only the process itself can say. */
function cpuSeenLines(profile: Profile, headline: string): string[] {
  const unseen = unseenSentence(profile);
  const line =
    unseen === null || unseen.sentence === headline ? '' : capital(unseen.sentence.replace(/^cpu: /, ''));
  return [line, processSentence(profile)];
}

/** `61% waiting in HikariPool.getConnection, called by OrderRepository.find (9.1 threads)`. */
function spotWords(spot: HotSpot, event: ProfileEvent, where: string): string {
  const inner = spot.mostly === null ? '' : `, mostly ${shortDisplayName(spot.mostly)}`;
  const outer =
    spot.mostly !== null || spot.calledBy === null ? '' : `, called by ${shortDisplayName(spot.calledBy)}`;
  const of = where === '' ? '' : ` of ${where}`;
  const whose = spot.whose === undefined ? '' : `, ${spot.whose === 'jdk' ? 'JDK' : spot.whose} code`;
  const size = spot.unit === 'samples' ? '' : ` (${rate(spot.rate, spot.unit)})`;
  return `${percent(spot.share)}${of} ${place(event, spot.frame, spot.activity)}${inner}${outer}${whose}${size}`;
}

function confidenceOf(
  leading: LeadingCause | null,
  strong: Verdict | null,
  spot: HotSpot | null,
  samples: number,
): Answer['confidence'] {
  if (strong !== null) return 'likely';
  if (leading !== null) {
    const { deltaShare, deltaShareLow, deltaShareHigh } = leading.row;
    const least = deltaShare > 0 ? deltaShareLow : -deltaShareHigh;
    return least >= certainChange && samples >= fewSamples && leading.inside ? 'certain' : 'likely';
  }
  return spot !== null && spot.share >= dominantShare && samples >= fewSamples / 2 ? 'likely' : 'unknown';
}

/** Which frames stand for the alert's label, and what is different about them. */
function partLines(
  part: EntryPart | null,
  within: EventSamples,
  whole: EventSamples,
  spots: readonly HotSpot[],
  event: ProfileEvent,
  grown: LeadingCause | null,
): string[] {
  if (part === null) return [];
  if (part.numbers.size === 0) {
    return [`Could not tell which frames serve ${part.label}: the whole process is described.`];
  }
  const share = whole.samples === 0 ? 0 : within.samples / whole.samples;
  const served = part.frames.map(shortDisplayName).slice(0, 3).join(', ');
  const lines = [`${part.label} is served by ${served}: ${percent(share)} of ${event} samples.`];
  const spot = spots[0];
  if (grown !== null && spot !== undefined) lines.push(`There: ${spotWords(spot, event, '')}.`);
  return lines;
}

/** The alert is about one part of the service, but what grew is not in it. */
function elsewhereLine(part: EntryPart | null, grown: LeadingCause | null): string[] {
  if (part === null || grown === null || grown.inside) return [];
  return [
    `${shortDisplayName(grown.row.frame)} is not part of what serves ${part.label}: it may not be what the alert is about.`,
  ];
}

/** Further causes that changed; the first is the headline's. */
function changeLines(comparison: Comparison | null, leading: ChangedFrame | null): string[] {
  if (comparison === null || comparison.otherwise !== undefined) return [];
  const { event, baseTotal, currentTotal, totalChanged, unit } = comparison;
  const total = totalChanged
    ? `${event} in total ${rates(baseTotal, currentTotal, unit)} vs ${comparison.baseLabel}.`
    : `${event} in total ${rates(baseTotal, currentTotal, unit)}, unchanged.`;
  const rows = comparison.changed
    .filter((row) => row.significant && row !== leading)
    .slice(0, furtherChanges);
  return [total, ...rows.map(changeWords)];
}

function changeWords(row: ChangedFrame): string {
  const direction = row.deltaShare > 0 ? 'More' : 'Less';
  const change = points(row.deltaShare, row.deltaShareLow, row.deltaShareHigh);
  const figures = `${percent(row.baseShare)} → ${percent(row.currentShare)}, ${change}`;
  return `${direction} in ${shortDisplayName(row.frame)}: ${figures}; ${rates(row.baseCores, row.currentCores, rowUnit(row))}.`;
}

/** Waiting for answers in one place most of the time is a verdict about somebody else. */
function downstreamLine(
  event: ProfileEvent,
  within: EventSamples,
  spots: readonly HotSpot[],
  grown: LeadingCause | null,
): string[] {
  const spot = spots.find((one) => one.activity === 'socket-read');
  if (event !== 'wall' || spot === undefined || spot.share < 0.3 || within.samples < fewSamples / 2)
    return [];
  // Where something else grew, the usual waiting is not where to look.
  if (grown !== null && grown.row.frame !== spot.frame && grown.row.mostly !== spot.frame) return [];
  const through = spot.calledBy === null ? '' : `, called by ${shortDisplayName(spot.calledBy)}`;
  return [
    `${percent(spot.share)} of the time is spent waiting for another service, in ${shortDisplayName(spot.frame)}${through}: look there next (the recording does not say which host).`,
  ];
}

function otherEventLines(input: AnswerInput, cpu: EventSamples, names: FrameNames): string[] {
  const changed = (input.otherComparisons ?? [])
    .filter((other) => (leadingChange(other.changed)?.deltaShare ?? 0) > 0)
    .map((other) => `Also ${other.headline}`);
  const processor = input.event === 'cpu' ? [] : [division('cpu', cpu, names, '')];
  return [...changed, ...processor];
}

function capital(sentence: string): string {
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
}
