import { classOf, displayName, isNameable } from './changed-row.ts';
import type { EventSamples, FrameNames } from '../event-samples.ts';

/** The part of a service that an alert is about, and the frames that serve it. */
export interface EntryPart {
  /** `uri="/checkout"`. */
  label: string;
  /** `/checkout`. */
  value: string;
  /** For people, `com.acme.shop.CheckoutHandler.handle`; empty when none could be recognised. */
  frames: readonly string[];
  numbers: ReadonlySet<number>;
}

/** Labels that name a part of a service, most specific first. */
const partLabels = [
  'handler',
  'uri',
  'path',
  'route',
  'http_route',
  'url',
  'endpoint',
  'operation',
  'controller',
  'action',
  'grpc_method',
  'rpc_method',
  'method',
  'listener',
  'topic',
  'queue',
] as const;
const httpVerbs = new Set(['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'any', 'all']);
/** Path segments that say nothing about who serves them. */
const emptyWords = new Set([
  'api',
  'rest',
  'v',
  'index',
  'html',
  'jsp',
  'do',
  'http',
  'https',
  'www',
  'com',
  'handle',
]);
/** Names of classes that handle requests. */
const entryClass =
  /(?:Handler|Controller|Resource|Servlet|Endpoint|Action|Route|Routes|Router|Api|Listener|Consumer|Facade|Verticle|Grpc|Impl|Service)$/;
/** Application classes from the outside in, among which the one that serves is looked for: wrappers come first. */
const outerClasses = 4;

/**
 * Which frames serve what the alert's labels name.
 * @param labels of the alert: hostile text, only its letters and digits are used.
 * @returns null when no label names a part of the service.
 */
export function entryPart(
  labels: Readonly<Record<string, string>>,
  samples: EventSamples,
  names: FrameNames,
): EntryPart | null {
  for (const key of partLabels) {
    const value = labels[key];
    if (value === undefined || (key === 'method' && httpVerbs.has(value.toLowerCase()))) continue;
    const words = wordsOf(value);
    if (words.length === 0) continue;
    const numbers = framesNamed(words, samples, names);
    const frames = [...numbers].map((frame) => displayName(names, frame)).sort();
    const shown = value.replaceAll(/\p{C}/gu, '').slice(0, 80);
    return { label: `${key}="${shown}"`, value: shown, frames, numbers };
  }
  return null;
}

/** `/api/v1/orders/{id}` → `orders`; `OrderController#find` → `ordercontroller`, `find`. */
function wordsOf(value: string): string[] {
  return value
    .slice(0, 200)
    .replace(/\{[^}]*\}|:\w+|\?.*$/g, ' ')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .map((word) => word.replace(/s$/, ''))
    .filter((word) => word.length >= 3 && !emptyWords.has(word) && !/^v?\d+$/.test(word));
}

/**
 * In each stack, the outermost application frame that names most of the words, looked for in the outer classes
 * only; over all stacks, those with the most words.
 */
function framesNamed(words: readonly string[], samples: EventSamples, names: FrameNames): Set<number> {
  const scores = new Map<number, number>();
  const scoreOf = (frame: number, isOutermost: boolean): number => {
    const owner = classOf(names, frame);
    const simple = owner.slice(owner.lastIndexOf('/') + 1);
    if (!isOutermost && !entryClass.test(simple)) return 0;
    const method = (names.names[frame] ?? '').slice(owner.length);
    const text = `${simple}${method}`.toLowerCase();
    return words.filter((word) => text.includes(word)).length;
  };
  for (const path of samples.paths) {
    const classes: string[] = [];
    for (const frame of path) {
      if (!isNameable(names, frame)) continue;
      const owner = classOf(names, frame);
      if (!classes.includes(owner)) classes.push(owner);
      if (classes.length > outerClasses) break;
      const score = scoreOf(frame, classes.length === 1);
      if (score === 0) continue;
      scores.set(frame, Math.max(score, scores.get(frame) ?? 0));
      break;
    }
  }
  const best = Math.max(0, ...scores.values());
  return new Set([...scores].filter(([, score]) => score === best).map(([frame]) => frame));
}

/** The rows of the stacks that pass through one of `frames`. */
export function samplesWithin(samples: EventSamples, frames: ReadonlySet<number>): EventSamples {
  const holds = samples.paths.map((path) => path.some((frame) => frames.has(frame)));
  const kept = samples.path.flatMap((path, row) => (holds[path] ? [row] : []));
  const pick = (column: readonly number[]): number[] => kept.map((row) => column[row] ?? 0);
  const sum = (column: readonly number[]): number => column.reduce((total, value) => total + value, 0);
  const count = pick(samples.count);
  const value = pick(samples.value);
  return {
    ...samples,
    path: pick(samples.path),
    block: pick(samples.block),
    thread: pick(samples.thread),
    count,
    value,
    samples: sum(count),
    total: sum(value),
    idle: 0,
  };
}
