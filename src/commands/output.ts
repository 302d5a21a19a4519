import { writeFileSync } from 'node:fs';
import { Failure } from '../reasons/failure.ts';

/**
 * Writes data to the file, or to stdout, waiting until it has been taken. Throws a Failure: file-unwritable. A reader
 * of stdout that has seen enough, such as `head`, is no error.
 */
export async function writeOutput(data: string | Uint8Array, file: string | undefined): Promise<void> {
  try {
    if (file === undefined) await toStdout(data);
    else writeFileSync(file, data);
  } catch (error) {
    throw new Failure('file-unwritable', { detail: file ?? 'stdout', cause: error });
  }
}

async function toStdout(data: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const ended = (error?: Error | null): void => {
      if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE') reject(error);
      else resolve();
    };
    // It comes as an event, too, and nobody listening would end the process.
    process.stdout.once('error', ended);
    process.stdout.write(data, ended);
  });
}
