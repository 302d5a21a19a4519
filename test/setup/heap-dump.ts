import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync, readSync, constants, rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { jdks } from './jvm.ts';

/** A JVM in the middle of a heap dump: it stands at a safepoint and answers nobody until `finish`. */
export interface HeapDump {
  finish: () => Promise<void>;
}

/** Has a JVM dump its heap into a pipe that nobody reads, so that the dump lasts as long as a test wants it to. */
export async function beginHeapDump(pid: number): Promise<HeapDump> {
  const directory = mkdtempSync(join(tmpdir(), 'heap-dump-'));
  const pipe = join(directory, 'heap.hprof');
  execFileSync('mkfifo', ['-m', '666', pipe]);
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  const jcmd = spawn(join(jdks()[0]?.home ?? '', 'bin/jcmd'), [
    String(pid),
    'GC.heap_dump',
    '-overwrite',
    pipe,
  ]);
  const ended = once(jcmd, 'exit');
  const buffer = Buffer.alloc(1 << 20);
  const readSome = (): number => {
    try {
      return readSync(reader, buffer);
    } catch {
      // Nothing is in the pipe just now.
      return 0;
    }
  };
  // The first bytes say that the dump has begun; the pipe holds 64 KiB of many megabytes.
  for (let tries = 0; readSome() === 0; tries++) {
    if (tries === 600 || jcmd.exitCode !== null) throw new Error(`no heap dump of ${pid} began`);
    await sleep(50);
  }
  return {
    finish: async () => {
      while (jcmd.exitCode === null && jcmd.signalCode === null) if (readSome() === 0) await sleep(5);
      await ended;
      closeSync(reader);
      rmSync(directory, { recursive: true });
    },
  };
}
