import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';

/** Writes data to the file, or to stdout, waiting until it has been taken. */
export async function writeOutput(text: string, file: string | undefined): Promise<void> {
  if (file !== undefined) {
    await writeFile(file, text);
    return;
  }
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}
