import type { ChangedNames } from '../profile/comparison/comparison.ts';
import type { RowChange } from '../profile/comparison/row-change.ts';
import type { Link } from '../profile/link.ts';
import type { ProfileEvent } from '../profile/profile.ts';

/**
 * What the page shows around the picture. Everything is plain text and may be hostile; it is escaped where it
 * becomes HTML.
 */
export interface View {
  /** What was captured: `HighLatency checkout`. */
  title: string;
  /** Short labels beside the title: `firing`, `resolved`, `partial`. */
  badges: readonly { text: string; tone: 'alarm' | 'calm' | 'warning' | 'quiet' }[];
  /** What fired; null where no alert asked. */
  fired?: ViewFired | null;
  /** The sentence. */
  headline: string;
  /** What to do about it, the most important first. */
  nextSteps?: readonly string[];
  confidence: 'certain' | 'likely' | 'unknown' | null;
  /** Further lines, most important first. */
  lines: readonly string[];
  /** Start of the window, epoch milliseconds, and its length; null before there is a window. */
  window: { startedAt: number; durationSeconds: number } | null;
  /** The event that is shown first. */
  event: ProfileEvent;
  comparison: ViewComparison | null;
  /** Opens in difference mode; default false. */
  opensAsDifference?: boolean;
  /** Widest frames, shown instead of a comparison where there is none. */
  topFrames: readonly { name: string; share: number }[];
  /** Where the picture is without script, from flamepin itself; null or absent: nowhere. */
  staticPicture?: string | null;
  /** Small print under the picture: pod, image, engine, how soon after the alert. */
  facts: readonly string[];
  /** Downloads and other views. Only http, https, mailto and relative addresses become links. */
  links: readonly Link[];
  /** Folded sections under the picture: the alert's labels, the timeline, what was checked, the commands. */
  details: readonly ViewDetail[];
  /** Package prefixes, with dots, of application code from the configuration. */
  applicationPackages: readonly string[];
}

/** What the alert says of itself; all of it is hostile text. */
export interface ViewFired {
  /** '' where the rule has none, as all of these texts. */
  summary: string;
  description: string;
  /** Epoch milliseconds; null when unknown. */
  since: number | null;
  /** When it resolved; null while it fires. */
  until: number | null;
  /** The rule's expression, with its threshold. */
  condition: string;
  /** Runbook, panel at that time, query or rule. */
  links: readonly Link[];
}

export interface ViewDetail {
  summary: string;
  rows: readonly (readonly [term: string, text: string])[];
  /** Shown as it is, in a monospace block; '' for none. */
  text: string;
}

interface ViewComparison {
  /** `Tue 14:00, same image`. */
  baseLabel: string;
  /** Where the baseline's own page is; null when it has none. */
  baseHref: string | null;
  /** Of every event that was compared; strongest first, frames as people read them. */
  rows: readonly ComparisonRow[];
  /** What a picture's difference mode colours; an event that is missing has no such mode. */
  changedFrames: Partial<Record<ProfileEvent, ChangedNames>>;
}

/** One line of what changed; the fields of `flamepin compare --format json`. Shares are 0 to 1. */
export interface ComparisonRow {
  frame: string;
  event: ProfileEvent;
  baseShare: number;
  currentShare: number;
  deltaShare: number;
  deltaShareLow: number;
  deltaShareHigh: number;
  baseCores: number;
  currentCores: number;
  deltaCoresLow?: number | undefined;
  deltaCoresHigh?: number | undefined;
  change: RowChange;
  significant: boolean;
}

/** Where the page's script finds its data; null where the data is in the page itself. */
export interface ProfileSource {
  profileHref: string;
  /** The baseline's profile.json, for difference mode. */
  baseHref: string | null;
}
