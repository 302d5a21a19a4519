import { parentPort, workerData } from 'node:worker_threads';
import { maskSecrets } from '../../src/jfr/mask-arguments.ts';
import { recordingView } from '../../src/commands/render.ts';
import { renderHtml } from '../../src/flamegraph/html.ts';
import { renderSvg } from '../../src/flamegraph/svg.ts';
import { collapsed } from '../../src/profile/collapsed.ts';
import { compareProfiles } from '../../src/profile/comparison/compare.ts';
import { profileSchema, type Profile } from '../../src/profile/profile.ts';
import { profileEvents } from '../../src/profile/sampling.ts';
import { readProfile } from '../../src/profile/reading/read-profile.ts';
import { Failure } from '../../src/reasons/failure.ts';
import { mutate, randomNumbers } from './mutate.ts';

const { recording, rounds, seed } = workerData as { recording: Uint8Array; rounds: number; seed: number };
const original = Buffer.from(recording);
const random = randomNumbers(seed);
const seen = { read: 0, partial: 0, damaged: 0, masked: 0, unmaskable: 0, shown: 0 };
const whole = readProfile(original);

function attempt(round: number, what: string, work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (error instanceof Failure && error.code === 'recording-damaged') return false;
    throw new Error(`round ${round}, ${what}: ${String(error)}`, { cause: error });
  }
}

/** All that is made of a profile later: a picture, a page, the answer, and a comparison with the whole one. */
async function show(profile: Profile): Promise<void> {
  for (const event of profileEvents) {
    if (profile.events[event] === undefined) continue;
    const comparison = compareProfiles(whole, profile, { event, baseLabel: 'whole' });
    await renderHtml(profile, recordingView(profile, event, 'damaged', { comparison, others: [] }));
    renderSvg(profile, { event, title: 'damaged' });
    seen.shown++;
  }
}

for (let round = 0; round < rounds; round++) {
  const bytes = mutate(original, random);
  let shown: Profile | null = null;
  const good = attempt(round, 'reading', () => {
    const profile = readProfile(bytes);
    if (round % 10 === 0) profileSchema.parse(profile);
    for (const event of profileEvents) collapsed(profile, event);
    if (round % 20 === 0) shown = profile;
    if (profile.partial) seen.partial++;
    else seen.read++;
  });
  if (!good) seen.damaged++;
  if (shown !== null) await show(shown);
  if (attempt(round, 'masking', () => maskSecrets(bytes))) seen.masked++;
  else seen.unmaskable++;
}
parentPort?.postMessage(seen);
