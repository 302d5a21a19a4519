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
  script ??= inClone ? bundlePage() : Promise.resolve(beside('./page.js'));
  return script;
}

/** The browser page's style sheet; also the base (colours, type) of other pages. */
export function pageStyle(): Promise<string> {
  style ??= Promise.resolve(beside(inClone ? './page/page.css' : './page.css'));
  return style;
}

/** What a Content-Security-Policy allows exactly that script and that style by. */
export interface PageHashes {
  script: string;
  style: string;
}

/** A package holds them ready as well: loading node:crypto takes longer than writing the page of a small recording. */
export async function pageHashes(): Promise<PageHashes> {
  if (inClone) return hashPage(await pageScript(), await pageStyle());
  return JSON.parse(beside('./page-hashes.json')) as PageHashes;
}

export async function hashPage(script: string, style: string): Promise<PageHashes> {
  const { hash } = await import('node:crypto');
  const hashOf = (text: string): string => `sha256-${hash('sha256', text, 'base64')}`;
  return { script: hashOf(script), style: hashOf(style) };
}

/** Once in a process. Not through an import: node:fs/promises takes 4 ms to load, for a rendering that needs no more of it. */
function beside(file: string): string {
  const { readFileSync } = process.getBuiltinModule('node:fs');
  return readFileSync(new URL(file, import.meta.url), 'utf8');
}

/** Bundles the page's modules; needs the bundler, a development dependency. */
async function bundlePage(): Promise<string> {
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
