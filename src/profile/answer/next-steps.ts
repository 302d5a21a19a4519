import type { CauseKind } from '../comparison/cause-kind.ts';

/**
 * What to look at next, by kind of cause, as data: one step each. `{frame}` is the frame that the sentence names,
 * `{caller}` its caller where there is one, else the frame.
 */
const nextSteps: Readonly<Record<CauseKind, string>> = {
  'pool-exhausted':
    'compare the size of the pool with how many threads wait for it, and look at what its connections are held for: a slow statement, or a call made while holding one, behind {caller}.',
  database:
    'look at the statement that {caller} runs: its plan, its rows, and what it waits for in the database.',
  downstream:
    'look at the latency and errors of the service behind {frame} at this time (the recording does not say which host).',
  sending: 'look at who reads what {frame} sends: a slow peer or a full link.',
  lock: 'look at what runs while the lock in {frame} is held: the picture of wall shows the thread that is in there and not waiting.',
  sleep: 'look at why {caller} sleeps: a retry, a back-off or a rate limit.',
  waiting: 'look at who should wake {frame}: the task, queue or permit that it waits for.',
  file: 'look at the disk behind {frame}: its latency, and whether it is full or throttled.',
  running:
    'look at how often {frame} is called, how much input it gets, and what changed in the last deploy.',
  mixed: 'open the picture at {frame}: its time divides among several things.',
  allocation: 'look at what {frame} allocates: the innermost boxes are the classes.',
  collection:
    'look at the heap after collections: near its maximum it is too small or leaks; else at what allocates (alloc).',
  compilation: 'look again in some minutes: a JVM compiles most of what it needs soon after its start.',
  throttled:
    "compare the container's CPU limit and request with what it uses: raise the limit, or spend less in what is named below.",
  'machine-busy': 'look at what else runs on this machine, and at the CPU requests of its neighbours.',
  'machine-used-up': 'spend less CPU in what is named below, or give it more processors.',
};

/**
 * @param frame short name of what the sentence is about; '' for none.
 * @param caller short name of its caller, or of what it is mostly in; null when there is none.
 * @returns a line that begins with `Next: `.
 */
export function nextStep(kind: CauseKind, frame: string, caller: string | null): string {
  // Names are put in by functions: `$&` in one of them is text.
  return `Next: ${nextSteps[kind].replaceAll('{caller}', () => caller ?? frame).replaceAll('{frame}', () => frame)}`;
}
