import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readPayload } from '../src/profiler/payload.ts';
import { cleanUpScript, collectScript, startScript, type Script } from '../src/profiler/script.ts';
import { lookScript } from '../src/targets/ssh/look.ts';
import { quoted } from '../src/targets/ssh/quote.ts';
import { runCommand } from '../src/targets/ssh/ssh-exec.ts';

/**
 * What deploy/ssh/flamepin-command.sh lets through: a line for each script, its SHA-256 and an ERE for its parameters.
 * Only the profiler's own files may be sent. `profilerDirectory`: what deploy/async-profiler.sh printed.
 */
export async function sshCommands(profilerDirectory: string): Promise<Map<string, string>> {
  const lines = [lookScript, collectScript, cleanUpScript].map((script) =>
    lineFor(script, script.parameters),
  );
  for (const architecture of ['linux-x64', 'linux-arm64'] as const) {
    const { asprofBytes, sha256 } = await readPayload(join(profilerDirectory, architecture), architecture);
    const [captureId = '', seconds = '', candidates = ''] = startScript.parameters;
    lines.push(
      lineFor(startScript, [captureId, seconds, candidates, architecture, String(asprofBytes), sha256]),
    );
  }
  return new Map([['commands.txt', `${lines.join('\n')}\n`]]);
}

/** The text as it stands between the quoted words that differ. */
function lineFor({ text }: Script, parameters: readonly string[]): string {
  const [runner] = quoted(runCommand).split(" 'flamepin-run'");
  const digest = createHash('sha256')
    .update(`${runner ?? ''}\n${quoted(['sh', '-c', text])}`)
    .digest('hex');
  const patterns = parameters.map((pattern) => `'${pattern.replaceAll(/^\^|\$$/g, '')}'`);
  return `${digest} ${patterns.join(' ')}`;
}
