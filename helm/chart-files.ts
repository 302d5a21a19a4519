import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { stringify } from 'yaml';
import { z } from 'zod';
import { settingsSchema } from '../src/config/schema.ts';
import { readPayload } from '../src/profiler/payload.ts';
import { cleanUpScript, collectScript, listScript, startScript } from '../src/profiler/script.ts';
import { agentPatch } from '../src/targets/kubernetes/agent/agent-spec.ts';
import { lookScript } from '../src/targets/kubernetes/choice/look.ts';
import { valuesSchema } from './values-schema.ts';

const root = join(import.meta.dirname, '..');

/** What flamepin runs in pods; `name` is the policy's variable. */
const scripts = [
  { name: 'list', file: 'list.sh', script: listScript },
  { name: 'start', file: 'start.sh', script: startScript },
  { name: 'collect', file: 'collect.sh', script: collectScript },
  { name: 'cleanUp', file: 'clean-up.sh', script: cleanUpScript },
  { name: 'look', file: 'look.sh', script: lookScript },
] as const;

const agentSchema = z.object({
  spec: z.object({ ephemeralContainers: z.tuple([z.object({ command: z.array(z.string()) })]) }),
});

/**
 * Files of the chart that are made from other files of the project, because a chart can read only its own: path
 * within helm/ → text. `profilerDirectory`: what deploy/async-profiler.sh printed.
 */
export async function chartFiles(profilerDirectory: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const { file, script } of scripts) {
    // The policy holds them as raw triple-quoted CEL strings, and patterns as raw single-quoted ones.
    if (script.text.includes('"""') || script.parameters.some((pattern) => pattern.includes("'")))
      throw new Error(`${file} cannot be quoted in CEL`);
    files.set(`files/${file}`, script.text);
  }
  files.set('files/commands.yaml', await commands(profilerDirectory));
  for (const [copy, original] of [
    ['rules.yaml', 'prometheus/rules.yaml'],
    ['alerts.yaml', 'prometheus/alerts.yaml'],
    ['dashboard.json', 'grafana/dashboard.json'],
  ] as const)
    files.set(`files/${copy}`, await readFile(join(root, 'deploy', original), 'utf8'));
  const style = await resolveConfig(import.meta.filename);
  const configuration = z.toJSONSchema(settingsSchema, {
    io: 'input',
    unrepresentable: 'any',
    target: 'draft-7',
  });
  files.set(
    'values.schema.json',
    await format(JSON.stringify(valuesSchema(configuration)), { ...style, parser: 'json' }),
  );
  return files;
}

async function commands(profilerDirectory: string): Promise<string> {
  const payloads = await Promise.all(
    (['linux-x64', 'linux-arm64'] as const).map(async (architecture) => {
      const { asprofBytes, sha256 } = await readPayload(join(profilerDirectory, architecture), architecture);
      return { architecture, asprofBytes, sha256 };
    }),
  );
  const settings = { image: 'agent', pullPolicy: 'IfNotPresent' } as const;
  const agent = agentSchema.parse(agentPatch('flamepin', 'main', null, settings)).spec.ephemeralContainers[0];
  const text = stringify(
    {
      scripts: scripts.map(({ name, file, script }) => ({ name, file, parameters: script.parameters })),
      payloads,
      agent: agent.command,
    },
    { lineWidth: 0, singleQuote: true },
  );
  return `# Made by helm/generate.ts from src/profiler and src/targets/kubernetes: what the admission policy lets through.\n${text}`;
}
