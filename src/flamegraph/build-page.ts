import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashPage, pageScript, pageStyle } from './page-bundle.ts';

/** Writes page.js, page.css and their hashes into `directory` (a package's dist/flamegraph), where page-bundle.ts looks for them. */
export async function buildPage(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const script = await pageScript();
  const style = await pageStyle();
  await writeFile(join(directory, 'page.js'), script);
  await writeFile(join(directory, 'page.css'), style);
  await writeFile(join(directory, 'page-hashes.json'), JSON.stringify(await hashPage(script, style)));
}

if (import.meta.main) await buildPage(process.argv[2] ?? 'dist/flamegraph');
