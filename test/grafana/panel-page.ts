import { build } from 'esbuild';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from '../setup/cache.ts';

/** One panel as a person opens it: what is drawn comes from the script, which asks the API. */
export const panelPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Panel</title>
<style>
  body { margin: 0; padding: 16px; background: #111217; color: #ccccdc; font: 14px/1.57 Inter, Roboto, "DejaVu Sans", sans-serif; }
  #panel { position: relative; width: 1064px; background: #181b1f; border: 1px solid #24292e; border-radius: 2px; padding: 8px 16px 12px; }
  h1 { font-size: 14px; font-weight: 500; margin: 4px 0 8px; }
  /* 1,000 px of plot: a time series panel on a laptop, at full width. */
  #plot { position: relative; width: 1000px; height: 260px; margin-left: 48px; }
  #plot canvas { position: absolute; inset: 0; }
  #axis { position: relative; width: 1000px; height: 28px; margin-left: 48px; font-size: 12px; color: rgba(204, 204, 220, .65); }
  #axis span { position: absolute; top: 8px; transform: translateX(-50%); }
  .values span { position: absolute; right: calc(100% + 8px); transform: translateY(-50%); font-size: 12px; color: rgba(204, 204, 220, .65); white-space: nowrap; }
  .point { position: absolute; top: 0; width: 0; height: 0; border-left: 5px solid transparent; border-right: 5px solid transparent; border-bottom: 5px solid #00d3ff; transform: translateX(-50%); cursor: pointer; z-index: 1; }
  .region { position: absolute; top: 0; height: 5px; background: #00d3ff; cursor: pointer; z-index: 1; }
  #tooltip { position: absolute; z-index: 2; width: max-content; max-width: 400px; background: #22252b; border: 1px solid #2f3338; border-radius: 2px; box-shadow: 0 4px 8px rgba(1, 4, 9, .75); font-size: 12px; }
  #tooltip header { padding: 4px 8px; border-bottom: 1px solid #2f3338; color: #ccccdc; }
  #tooltip .body { padding: 8px; overflow-wrap: anywhere; }
  #tooltip a { color: #6e9fff; }
  #tooltip a:hover { text-decoration: underline; }
  #tooltip code { background: #111217; border-radius: 2px; padding: 1px 4px; font-size: 11px; color: #ccccdc; }
  #tooltip .tags { margin-top: 8px; display: flex; flex-wrap: wrap; gap: 4px; }
  #tooltip .tags span { background: #5a3c8f; color: #fff; border-radius: 2px; padding: 1px 6px; }
</style>
<div id="panel"><h1></h1><div id="plot"><canvas></canvas></div><div id="axis"></div></div>
<script type="module" src="/panel.js"></script>
</html>`;

let bundle: Promise<string> | undefined;

/** The page's script, with Grafana's sanitiser in it; built once. */
export function panelScript(): Promise<string> {
  bundle ??= bundlePanel();
  return bundle;
}

async function bundlePanel(): Promise<string> {
  const script = join(import.meta.dirname, '..', 'setup', 'grafana-sanitizer.sh');
  const { stdout } = await promisify(execFile)('sh', [script, cacheDirectory], { timeout: 120_000 });
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'panel.js')],
    inject: [stdout.trim()],
    bundle: true,
    format: 'esm',
    write: false,
    logLevel: 'error',
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error('esbuild made nothing of test/grafana/panel.js');
  return file.text;
}
