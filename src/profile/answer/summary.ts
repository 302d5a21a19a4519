import { blindSpots, fewSamples, missingLines } from './blind-spots.ts';
import { minRate } from '../comparison/compare.ts';
import { shortDisplayName } from '../comparison/changed-row.ts';
import type { ChangedFrame, Comparison } from '../comparison/comparison.ts';
import { causeKind } from '../comparison/cause-kind.ts';
import { amountWords, causeWords, subjectOf } from '../comparison/cause-words.ts';
import { changeFigures, leadingChange, lookAlike } from '../comparison/headline.ts';
import { processSentence, unseenSentence } from './cpu-seen.ts';
import { division, leftOutSentence } from './division.ts';
import { entryPart, samplesWithin, type EntryPart } from '../comparison/entry-frames.ts';
import { eventSamples, FrameNames, type EventSamples } from '../event-samples.ts';
import { applicationPackages } from '../frame-kind.ts';
import { idleWindow } from './idle-window.ts';
import { busyMachineVerdict } from './busy-machine.ts';
import { beyondLead, type BeyondLead } from './beyond-lead.ts';
import { leadingCause, type LeadingCause } from './leading-cause.ts';
import { nextStep } from './next-steps.ts';
import { leftOutRows } from '../idle.ts';
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
  const wall = event === 'wall' ? counted : eventSamples(profile, 'wall', code, names);
  const part = entryPart(input.labels, whole, names);
  const isPart = part !== null && part.numbers.size > 0;
  const within = isPart ? samplesWithin(whole, part.numbers) : whole;
  const of = isPart ? part.value : '';
  const spots = hotSpots(within, names, event);
  const verdicts = [
    throttlingVerdict(input.cpuThrottling),
    busyMachineVerdict(
      profile,
      wall,
      leftOutRows(profile, 'wall', code),
      cpu,
      comparison?.baseMachine ?? null,
    ),
    pausesVerdict(profile),
    freshStartVerdict(input.targetStartedAt, input.startsAt, cpu, names),
  ].filter((verdict) => verdict !== null);

  const leading = leadingCause(comparison, part, within, whole, names);
  const grown = leading !== null && leading.row.change === 'more' ? leading : null;
  const strong = verdicts.find((verdict) => verdict.strong && explains(verdict, event, grown)) ?? null;
  const findings: Findings = {
    grown,
    strong,
    spots,
    subject: subjectOf(event, whole, names, of),
    of,
    samples: within.samples,
    total: within.total / within.seconds,
    unseen: event === 'cpu' ? unseenSentence(profile) : null,
    beyond: beyondLead(comparison, input.otherComparisons ?? [], grown?.row ?? null),
  };
  const headline = strong === null && idle !== null ? idle.headline : headlineOf(input, findings);
  const alike = strong === null && lookAlike(comparison, input.otherComparisons ?? []);
  const lines = [
    alike ? (input.whenAlike ?? '') : '',
    ...(idle === null ? [] : [idle.headline, idle.line]),
    nextLine(event, findings, comparison !== null, headline),
    ...figuresLine(comparison, leading),
    ...verdicts
      .filter((verdict) => !headline.startsWith(verdict.sentence))
      .map((verdict) => capital(verdict.sentence)),
    ...partLines(part, within, whole, spots, event, grown, findings.subject),
    ...elsewhereLine(part, grown),
    // Where the verdict is the sentence: what the code did meanwhile, for whoever must spend less.
    ...(strong && headline === strong.sentence && whole.samples > 0
      ? [headlineOf(input, { ...findings, strong: null })]
      : []),
    ...changeLines(comparison, leading?.row ?? null),
    idle === null ? division(event, within, names, of) : '',
    ...cpuSeenLines(profile, headline),
    leftOutSentence(event, whole),
    ...otherEventLines(input, cpu, names, findings.beyond?.comparison ?? null),
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
  /** What shares are shares of. */
  subject: string;
  /** The part that the alert's labels name; '' for the whole process. */
  of: string;
  samples: number;
  /** In the event's unit per second. */
  total: number;
  /** That the cpu samples hold too little of what the process used. */
  unseen: { sentence: string; leads: boolean } | null;
  /** What the sentence says of another event that changed. */
  beyond: BeyondLead | null;
}

/** A busy machine slows what runs: it causes no wait that grew. Other verdicts yield to what takes most of the time. */
function explains({ kind }: Verdict, event: ProfileEvent, grown: LeadingCause | null): boolean {
  if (kind === 'machine-busy' || kind === 'machine-used-up')
    return event === 'wall' && (grown === null || grown.activity === 'running');
  if (grown === null) return true;
  return grown.row.deltaShare < dominantShare;
}

function headlineOf(input: AnswerInput, findings: Findings): string {
  const { grown, strong, beyond, unseen } = findings;
  const sentence = grown?.sentence ?? withoutGrowth(input, findings);
  // A busy machine slows what runs: what that is belongs to it.
  if (strong !== null && strong.kind.startsWith('machine')) return `${strong.sentence}; ${sentence}`;
  if (strong !== null) return strong.sentence;
  if (unseen?.leads === true) return unseen.sentence;
  if (beyond === null) return sentence;
  return `${sentence}; ${grown === null && input.comparison !== null ? 'but' : 'also'} ${beyond.sentence}`;
}

function withoutGrowth(input: AnswerInput, { spots, subject, of, samples, total }: Findings): string {
  const { event, comparison } = input;
  const isFelt = total >= (minRate[event] ?? 0);
  const spot = isFelt ? spots[0] : undefined;
  if (comparison !== null) {
    return spot === undefined
      ? comparison.headline
      : `${comparison.headline}; widest: ${spotWords(spot, event, subject)}`;
  }
  if (spot !== undefined) return spotWords(spot, event, subject);
  const where = of === '' ? '' : ` of ${of}`;
  if (samples === 0 && input.missingEvents?.[event] !== undefined)
    return `${event}: this JVM cannot record it`;
  if (samples === 0) return `${event}: no samples${where}`;
  return !isFelt
    ? `${event}: next to nothing${where} waits for locks (${rate(total, event)}, ${samples} samples)`
    : `${event}: no application code stands out${where} (${isRated(input.profile, event) ? `${rate(total, event)}, ` : ''}${samples} samples)`;
}

/** How much of the CPU time the samples hold, where that is not all, or where only the process itself can say. */
function cpuSeenLines(profile: Profile, headline: string): string[] {
  const unseen = unseenSentence(profile);
  const line =
    unseen === null || unseen.sentence === headline ? '' : capital(unseen.sentence.replace(/^cpu: /, ''));
  return [line, processSentence(profile)];
}

/** `61% of request time waits for a pooled connection (HikariPool.getConnection): 9.1 threads`. */
function spotWords(spot: HotSpot, event: ProfileEvent, subject: string): string {
  const whose = spot.whose === undefined ? '' : `, ${spot.whose === 'jdk' ? 'JDK' : spot.whose} code`;
  const words = `${causeWords({ ...spot, event }, subject)}${whose}`;
  return spot.unit === 'samples' ? words : `${words}: ${amountWords({ event, rate: spot.rate })}`;
}

/** A spot that is said without a baseline explains enough from here on. */
const telling = 0.3;

/** One step for the cause that the sentence names; '' where it names none. */
function nextLine(
  event: ProfileEvent,
  { grown, strong, spots, samples, total }: Findings,
  compared: boolean,
  headline: string,
): string {
  if (strong !== null) return headline.startsWith(strong.sentence) ? nextStep(strong.kind, '', null) : '';
  const short = (name: string | null): string | null => (name === null ? null : shortDisplayName(name));
  if (grown !== null) {
    const { frame, mostly, calledBy } = grown.row;
    const kind = causeKind(event, frame, grown.activity);
    return nextStep(kind, shortDisplayName(frame), short(calledBy ?? mostly));
  }
  const spot = spots[0];
  const isTelling = spot !== undefined && spot.share >= telling && samples >= fewSamples / 2;
  if (compared || !isTelling || total < (minRate[event] ?? 0)) return '';
  const kind = causeKind(event, spot.frame, spot.activity);
  return nextStep(kind, shortDisplayName(spot.frame), short(spot.calledBy ?? spot.mostly));
}

/** What the sentence leaves to a line of its own: difference, interval and rates of its cause. */
function figuresLine(comparison: Comparison | null, leading: LeadingCause | null): string[] {
  if (comparison === null || leading === null) return [];
  return [`${shortDisplayName(leading.row.frame)}: ${changeFigures(leading.row, comparison.baseLabel)}.`];
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
  subject: string,
): string[] {
  if (part === null) return [];
  if (part.numbers.size === 0) {
    return [`Could not tell which frames serve ${part.label}: the whole process is described.`];
  }
  const share = whole.samples === 0 ? 0 : within.samples / whole.samples;
  const served = part.frames.map(shortDisplayName).slice(0, 3).join(', ');
  const lines = [`${part.label} is served by ${served}: ${percent(share)} of ${event} samples.`];
  const spot = spots[0];
  if (grown !== null && spot !== undefined) lines.push(`There: ${spotWords(spot, event, subject)}.`);
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
  const direction = row.change === 'more' ? 'More' : 'Less';
  const change = points(row.deltaShare, row.deltaShareLow, row.deltaShareHigh);
  const figures = `${percent(row.baseShare)} → ${percent(row.currentShare)}, ${change}`;
  return `${direction} in ${shortDisplayName(row.frame)}: ${figures}; ${rates(row.baseCores, row.currentCores, rowUnit(row))}.`;
}

function otherEventLines(
  input: AnswerInput,
  cpu: EventSamples,
  names: FrameNames,
  said: Comparison | null,
): string[] {
  const changed = (input.otherComparisons ?? [])
    .filter((other) => other !== said && leadingChange(other.changed)?.change === 'more')
    .map((other) => `Also ${other.headline}`);
  const processor = input.event === 'cpu' ? [] : [division('cpu', cpu, names, '')];
  return [...changed, ...processor];
}

function capital(sentence: string): string {
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
}
