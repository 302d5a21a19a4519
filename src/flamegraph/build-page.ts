import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundlePage } from './page-bundle.ts';

/** Writes page.js and page.css into `directory` (a package's dist/flamegraph), where page-bundle.ts looks for them. */
export async function buildPage(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'page.js'), await bundlePage());
  await cp(fileURLToPath(new URL('./page/page.css', import.meta.url)), join(directory, 'page.css'));
}

if (import.meta.main) await buildPage(process.argv[2] ?? 'dist/flamegraph');
