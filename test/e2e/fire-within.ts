import { captureWhen, fireForCapture } from '../setup/flamepin-client.ts';

/** Run in flamepin's own network: fires an alert for an instance, and prints its capture once its target is known or it ends. */
const [, , url = '', instance = ''] = process.argv;
const flamepin = { url, log: [] };
const id = await fireForCapture(flamepin, instance.replace(':', '-'), { instance });
const { state, reason, target } = await captureWhen(
  flamepin,
  id,
  'a target or the end',
  60_000,
  (capture) => capture.target !== null || capture.state === 'skipped',
);
process.stdout.write(JSON.stringify({ state, reason: reason?.code ?? null, target: target?.name ?? null }));
