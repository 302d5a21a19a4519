import { parseArgs } from 'node:util';
import type { Attack } from './attacks/attack.ts';
import { fileAttacks } from './attacks/file-attacks.ts';
import { nameAttacks } from './attacks/name-attacks.ts';
import { recordingAttacks } from './attacks/recording-attacks.ts';
import { senderAttacks } from './attacks/sender-attacks.ts';
import { targetAttacks } from './attacks/target-attacks.ts';
import { printFigures, type Figure } from './figures.ts';

/**
 * `npm run hostile -- --only pid`: what targets, other users beside them and senders can do, done for real, each with
 * the bound that must hold. Exit code 1 when one does not.
 */
const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const attacks = [
  ...senderAttacks,
  ...targetAttacks,
  ...recordingAttacks,
  ...nameAttacks,
  ...fileAttacks,
].filter(({ name }) => name.includes(values.only));
if (attacks.length === 0) {
  console.error(`no attack is called ${values.only}`);
  process.exit(2);
}

const began = performance.now();
const figures = new Map<Attack, Figure>();
async function measure(attack: Attack): Promise<void> {
  const { measured, broken } = await attack
    .run()
    .catch((error: unknown) => ({ measured: '', broken: [`it could not be carried out: ${String(error)}`] }));
  figures.set(attack, {
    promise: attack.name,
    measured: `${measured}\n            must: ${attack.bound}`,
    broken,
  });
  console.log(`${broken.length === 0 ? 'ok    ' : 'BROKEN'}  ${attack.name}: ${measured}`);
}

// Those that measure memory and time run alone; those that mostly wait run beside each other, after them.
for (const attack of attacks.filter(({ waits }) => waits !== true)) await measure(attack);
await Promise.all(attacks.filter(({ waits }) => waits === true).map(measure));

console.log(`\n${attacks.length} attacks in ${Math.round((performance.now() - began) / 1000)} s`);
const inOrder = attacks.flatMap((attack) => figures.get(attack) ?? []);
process.exitCode = printFigures('Attacks', inOrder) === 0 ? 0 : 1;
