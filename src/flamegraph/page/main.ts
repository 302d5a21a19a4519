import { profileEvents } from '../../profile/sampling.ts';
import type { Profile } from '../../profile/profile.ts';
import { extractProfile, type EmbeddedProfile } from '../embedded-profile.ts';
import { CapturePage } from './capture-page.ts';
import { copyText } from './clipboard.ts';
import { element } from './element.ts';
import { addLocalTimes } from './local-time.ts';
import { Model, type ChangedByEvent } from './model.ts';

/** Fills the capture's page that the server, or the file, holds already. */
async function start(): Promise<void> {
  const main = document.getElementById('capture');
  const tabs = document.getElementById('event-tabs');
  const strip = document.getElementById('strip');
  const picture = document.getElementById('picture');
  if (main !== null) addLocalTimes(main);
  if (main === null || tabs === null || strip === null || picture === null) return;
  // Said by the script, for without it nothing is read.
  tell('Reading the profile …');
  const given = main.dataset;
  const asked = new URLSearchParams(location.search).get('event');
  const ofCapture = profileEvents.find((event) => event === given['event']) ?? 'cpu';
  const packages = (given['packages'] ?? '').split(' ').filter((prefix) => prefix !== '');
  const changed = JSON.parse(given['changed'] ?? '{}') as ChangedByEvent;
  const profile = await profileFrom('profile-data', given['profile'] ?? '');
  if (profile === null) return;
  // The lead event may have seen nothing, a lock that nobody waited for: that is an answer, and has its tab.
  const events = profileEvents.filter((event) => event === ofCapture || profile.events[event] !== undefined);
  const lead = events.find((event) => event === asked) ?? ofCapture;
  const model = new Model(profile, packages, changed);
  const page = new CapturePage(
    model,
    { event: lead, events, difference: given['difference'] === '1' },
    { tabs, strip, picture, changed: [...main.querySelectorAll<HTMLElement>('[data-changed-event]')] },
  );
  offerRows(main, page);
  offerCopy(main);
  document.documentElement.dataset['ready'] = 'yes';
  const base = await profileFrom('base-data', given['base'] ?? '');
  if (base === null) return;
  model.setBase(base);
  page.baseArrived();
}

/** From the page itself, else from the server; null where there is neither. */
async function profileFrom(id: string, href: string): Promise<Profile | null> {
  const held = document.getElementById(id)?.textContent;
  if (held !== undefined && held !== null) return extractProfile(JSON.parse(held) as EmbeddedProfile);
  if (href === '') return null;
  const response = await fetch(href);
  if (!response.ok) throw new Error(`The profile could not be read: the server answered ${response.status}.`);
  return (await response.json()) as Profile;
}

/** Rows of "what changed" lead to their frame in the picture; up and down walk its places. */
function offerRows(main: HTMLElement, page: CapturePage): void {
  const told: (() => void)[] = [];
  const tell = (): void => told.forEach((one) => one());
  // Also where the search was changed elsewhere.
  addEventListener('hashchange', tell);
  for (const cell of main.querySelectorAll<HTMLElement>('[data-frame]')) {
    const event = profileEvents.find((known) => known === cell.dataset['event']);
    const frame = cell.dataset['frame'];
    if (event === undefined || frame === undefined) continue;
    const place = element('span', { attributes: { class: 'place', role: 'status' } });
    const button = element('button', { attributes: { type: 'button', class: 'plain' } }, ...cell.childNodes);
    told.push(() => {
      const isFound = page.isFound(event, frame);
      place.textContent = isFound ? page.placeWords : '';
      cell.parentElement?.classList.toggle('chosen', isFound);
    });
    button.addEventListener('click', () => {
      page.find(event, frame);
      tell();
    });
    button.addEventListener('keydown', (pressed) => {
      const { key } = pressed;
      if (!page.isFound(event, frame) || (key !== 'ArrowDown' && key !== 'ArrowUp')) return;
      pressed.preventDefault();
      page.step(key === 'ArrowDown' ? 1 : -1);
      tell();
    });
    cell.replaceChildren(button, place);
  }
}

/** Sentence, next step and link, as they are pasted into a chat. */
function offerCopy(main: HTMLElement): void {
  const button = main.querySelector<HTMLButtonElement>('#copy');
  if (button === null) return;
  button.hidden = false;
  const words = button.textContent;
  button.addEventListener('click', () => {
    void copyText(`${button.dataset['text'] ?? ''}\n${location.href}`).then((done) => {
      button.textContent = done ? 'Copied' : 'Could not be copied';
      setTimeout(() => (button.textContent = words), 2000);
    });
  });
}

function tell(words: string): void {
  const state = document.getElementById('picture-state');
  if (state !== null) state.textContent = words;
}

start().catch((error: unknown) => {
  const words = error instanceof Error ? error.message : String(error);
  tell(`${words} The static picture and the downloads below still work.`);
});
