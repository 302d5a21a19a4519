import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { compileDemoService, type DemoFault } from '../../demo/service.ts';
import { asprofDirectory, startRecorder, type Treatment } from './windows.ts';

/** Records the windows of test/fixtures/windows anew: `node test/bench/record-faults.ts DIRECTORY`. */
const directory = process.argv[2];
if (directory === undefined) throw new Error('usage: node test/bench/record-faults.ts DIRECTORY');
const seconds = 12;
const strengths: Record<DemoFault, number> = { slow: 60, burn: 0.3, lock: 30, pool: 7, alloc: 1, io: 60 };
const treatments: Treatment[] = [
  { name: 'baseline', fault: null, strength: () => 0 },
  { name: 'same-load', fault: null, strength: () => 0 },
  ...Object.entries(strengths).map(([fault, strength]): Treatment => {
    return { name: fault, fault: fault as DemoFault, strength: () => strength };
  }),
];
const classes = await mkdtemp(join(tmpdir(), 'flamepin-demo-'));
try {
  await compileDemoService(classes);
  const recorder = await startRecorder(classes, await asprofDirectory(), seconds);
  try {
    for (const treatment of treatments) {
      const profile = await recorder.record(treatment, 0);
      await writeFile(
        join(directory, `${treatment.name}.json.gz`),
        gzipSync(JSON.stringify(profile), { level: 9 }),
      );
      console.log(treatment.name);
    }
  } finally {
    await recorder.stop();
  }
} finally {
  await rm(classes, { recursive: true, force: true });
}
