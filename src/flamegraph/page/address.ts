import type { ProfileEvent } from '../../profile/profile.ts';
import { longestQuery } from '../search.ts';

/**
 * What is shown, as the address's fragment tells it, so that a link shows a colleague the same and the back button
 * undoes. The fragment works from a file and in a sandbox, where the history API may not.
 */
export interface Shown {
  event: ProfileEvent;
  /** Path hash (hexadecimal) of the node that fills the width; '' for the root. */
  zoom: string;
  search: string;
  fold: boolean;
  view: 'icicle' | 'sandwich';
  /** Full name of the sandwich's frame; '' for the one that a reader would look at first. */
  frame: string;
  difference: boolean;
}

/** What is shown where the address says nothing. */
export interface Defaults extends Pick<Shown, 'event' | 'difference'> {
  /** Events that can be shown. */
  events: readonly ProfileEvent[];
}

/** Reads the fragment; what is missing or wrong takes its default. */
export function readAddress(fragment: string, { event: lead, events, difference }: Defaults): Shown {
  const given = new URLSearchParams(fragment.replace(/^#/, ''));
  return {
    event: events.find((event) => event === given.get('event')) ?? lead,
    zoom: /^[0-9a-f]{1,8}$/.exec(given.get('zoom') ?? '')?.[0] ?? '',
    search: (given.get('search') ?? '').slice(0, longestQuery),
    fold: given.get('fold') !== '0',
    view: given.get('view') === 'sandwich' ? 'sandwich' : 'icicle',
    frame: given.get('frame') ?? '',
    difference: (given.get('difference') ?? (difference ? '1' : '0')) === '1',
  };
}

/**
 * The fragment of a state: only what differs from the defaults, always in the same order. Never empty, for that is how
 * a link says "to the top of the page", and the browser goes there.
 */
export function writeAddress(shown: Shown, { event: lead, difference }: Defaults): string {
  const given = new URLSearchParams();
  if (shown.event !== lead) given.set('event', shown.event);
  if (shown.zoom !== '') given.set('zoom', shown.zoom);
  if (shown.search !== '') given.set('search', shown.search);
  if (!shown.fold) given.set('fold', '0');
  if (shown.view === 'sandwich') {
    given.set('view', 'sandwich');
    if (shown.frame !== '') given.set('frame', shown.frame);
  }
  if (shown.difference !== difference) given.set('difference', shown.difference ? '1' : '0');
  if (given.size === 0) given.set('event', lead);
  return `#${given.toString()}`;
}
