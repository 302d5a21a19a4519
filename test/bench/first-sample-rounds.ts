import { setTimeout as sleep } from 'node:timers/promises';
import {
  captureWhen,
  fireForCapture,
  isFinal,
  isProfiled,
  type Reachable,
} from '../setup/flamepin-client.ts';
import { inRounds, printTable, type Contender } from './measure.ts';

/** After a JVM has started, until the machine is quiet again. Milliseconds. */
const settleMs = 1_000;
const patienceMs = 120_000;

/** Milliseconds from the POST of an alert until the profiler runs. */
export async function firstSampleMs(
  flamepin: Reachable,
  fingerprint: string,
  labels: Record<string, string>,
): Promise<number> {
  const sent = Date.now();
  const id = await fireForCapture(flamepin, fingerprint, labels);
  const { timeline } = await captureWhen(flamepin, id, 'first sample', patienceMs, (capture) => {
    if (isFinal(capture) && !isProfiled(capture))
      throw new Error(`the capture ended: ${JSON.stringify(capture.reason)}`);
    return isProfiled(capture);
  });
  return Date.parse(timeline['firstSampleAt'] ?? '') - sent;
}

interface Way {
  name: string;
  /** Milliseconds until the profiler runs in the JVM of that round. */
  measure: (round: number) => Promise<number>;
}

/**
 * Measures both in pairs, each in a JVM of its own, and prints the table. What fails is counted, not left out in silence.
 * @param prepare makes the JVMs of a round, before either is measured
 */
export async function compareFirstSamples(
  title: string,
  rounds: number,
  prepare: (round: number) => Promise<void>,
  ways: readonly Way[],
): Promise<void> {
  let ready = -1;
  const failures: string[] = [];
  const contenders = ways.map(({ name, measure }): Contender => {
    let round = 0;
    return {
      name,
      run: async () => {
        const turn = round++;
        if (ready < turn) {
          ready = turn;
          await prepare(turn);
          await sleep(settleMs);
        }
        try {
          return { 'first sample, ms': await measure(turn) };
        } catch (error) {
          failures.push(name);
          process.stderr.write(`${name}: ${String(error)}\n`);
          return { 'first sample, ms': Infinity };
        }
      },
    };
  });
  printTable(title, contenders, await inRounds(rounds, contenders));
  console.log(
    ways
      .map(({ name }) => `${name}: ${failures.filter((each) => each === name).length} of ${rounds} failed`)
      .join('\n'),
  );
}
