import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildPage } from './src/flamegraph/build-page.ts';

/**
 * `npm run build`: the JavaScript that a published package and the image run. A clone runs the TypeScript as it is,
 * so this is no part of development.
 */
process.chdir(import.meta.dirname);
rmSync('dist', { recursive: true, force: true });
execFileSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
// What is read at run time and is no TypeScript: scripts, hashes, styles.
cpSync('src', 'dist', {
  recursive: true,
  filter: (source) => !source.endsWith('.ts') && !source.startsWith(join('src', 'flamegraph', 'page')),
});
await buildPage(join('dist', 'flamegraph'));
