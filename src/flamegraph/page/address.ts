import type { ProfileEvent } from '../../profile/profile.ts';
import { longestQuery } from '../search.ts';
import type { Selection } from '../selection.ts';

export const views = ['icicle', 'inverted', 'sandwich', 'table'] as const;
export type ViewName = (typeof views)[number];
export const sorts = ['total', 'self', 'name'] as const;
export type Sort = (typeof sorts)[number];

/**
 * What is shown, as the address's fragment tells it, so that a link shows a colleague the same and the back button
 * undoes. The fragment works from a file and in a sandbox, where the history API may not.
 */
export interface Shown extends Selection {
  event: ProfileEvent;
  /** Path hash (hexadecimal) of the node that fills the width; '' for the root. */
  zoom: string;
  search: string;
  /** Which of the places found is selected, from 1; 0 for none. */
  match: number;
  fold: boolean;
  /** Recursion as one box. */
  merge: boolean;
  view: ViewName;
  /** Full name of the sandwich's frame; '' for the one that a reader would look at first. */
  frame: string;
  /** Of the table. */
  sort: Sort;
  difference: boolean;
  colour: 'kind' | 'package';
}

/** What is shown where the address says nothing. */
export interface Defaults extends Pick<Shown, 'event' | 'difference'> {
  /** Events that can be shown. */
  events: readonly ProfileEvent[];
}

/** Frames that a link may remove; each costs a walk over all stacks. */
const mostRemoved = 20;
const longestName = 1000;

/** Reads the fragment; what is missing or wrong takes its default. */
export function readAddress(fragment: string, { event: lead, events, difference }: Defaults): Shown {
  const given = new URLSearchParams(fragment.replace(/^#/, ''));
  const text = (name: string): string => (given.get(name) ?? '').slice(0, longestName);
  const oneOf = <T extends string>(name: string, known: readonly T[], otherwise: T): T =>
    known.find((one) => one === given.get(name)) ?? otherwise;
  return {
    event: oneOf('event', events, lead),
    zoom: /^[0-9a-f]{1,8}$/.exec(given.get('zoom') ?? '')?.[0] ?? '',
    search: (given.get('search') ?? '').slice(0, longestQuery),
    match: Number(/^[1-9]\d{0,5}$/.exec(given.get('match') ?? '')?.[0] ?? 0),
    fold: given.get('fold') !== '0',
    merge: given.get('merge') === '1',
    view: oneOf('view', views, 'icicle'),
    frame: text('frame'),
    sort: oneOf('sort', sorts, 'total'),
    difference: (given.get('difference') ?? (difference ? '1' : '0')) === '1',
    colour: oneOf('colour', ['kind', 'package'], 'kind'),
    removed: given.getAll('remove').slice(0, mostRemoved),
    focus: text('focus'),
    thread: text('thread'),
    slots: slotsFrom(given.get('time') ?? ''),
  };
}

/** `4-12`: slots of half a second, the last not included. */
function slotsFrom(text: string): Shown['slots'] {
  const [, from, to] = /^(\d{1,6})-(\d{1,6})$/.exec(text) ?? [];
  return Number(from) < Number(to) ? [Number(from), Number(to)] : null;
}

/**
 * The fragment of a state: only what differs from the defaults, always in the same order. Never empty, for that is how
 * a link says "to the top of the page", and the browser goes there.
 */
export function writeAddress(shown: Shown, { event: lead, difference }: Defaults): string {
  const given = new URLSearchParams();
  const put = (name: string, value: string, otherwise = ''): void => {
    if (value !== otherwise) given.append(name, value);
  };
  put('event', shown.event, lead);
  put('zoom', shown.zoom);
  put('search', shown.search);
  put('match', String(shown.match), '0');
  put('fold', shown.fold ? '1' : '0', '1');
  put('merge', shown.merge ? '1' : '0', '0');
  put('view', shown.view, 'icicle');
  if (shown.view === 'sandwich') put('frame', shown.frame);
  if (shown.view === 'table') put('sort', shown.sort, 'total');
  put('difference', shown.difference ? '1' : '0', difference ? '1' : '0');
  put('colour', shown.colour, 'kind');
  for (const name of shown.removed) put('remove', name);
  put('focus', shown.focus);
  put('thread', shown.thread);
  put('time', shown.slots === null ? '' : shown.slots.join('-'));
  if (given.size === 0) given.set('event', lead);
  return `#${given.toString()}`;
}
