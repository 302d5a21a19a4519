import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/**
 * The page's script and style. A clone bundles the script from its modules on first use; a published package, which
 * has no bundler, holds it ready beside this file.
 */
const inClone = import.meta.url.endsWith('.ts');

let script: Promise<string> | undefined;
let style: Promise<string> | undefined;

/** The browser page's script: one self-contained file, without imports. */
export function pageScript(): Promise<string> {
  script ??= inClone ? bundlePage() : readFile(new URL('./page.js', import.meta.url), 'utf8');
  return script;
}

/** The browser page's style sheet; also the base (colours, type) of other pages. */
export function pageStyle(): Promise<string> {
  style ??= readFile(new URL(inClone ? './page/page.css' : './page.css', import.meta.url), 'utf8');
  return style;
}

/** Bundles the page's modules; needs the bundler, a development dependency. */
export async function bundlePage(): Promise<string> {
  const { build } = await import('esbuild');
  const result = await build({
    entryPoints: [fileURLToPath(new URL('./page/main.ts', import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: ['es2023'],
    charset: 'ascii',
    legalComments: 'none',
    logLevel: 'silent',
  });
  return result.outputFiles[0]!.text;
}
