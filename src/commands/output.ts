import { once } from 'node:events';
import { writeFileSync } from 'node:fs';

/** Writes data to the file, or to stdout, waiting until it has been taken. */
export async function writeOutput(text: string, file: string | undefined): Promise<void> {
  if (file !== undefined) {
    writeFileSync(file, text);
    return;
  }
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}
