import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { format, resolveConfig } from 'prettier';

const run = promisify(execFile);
const deploy = join(import.meta.dirname, '..', 'deploy', 'kubernetes');

/** Which of the chart's templates make which file; what is not listed is no part of the plain manifests. */
const parts: Readonly<Record<string, readonly string[]>> = {
  'flamepin.yaml': ['serviceaccount', 'configmap', 'persistentvolumeclaim', 'service', 'deployment'],
  'rights.yaml': ['role'],
  'ephemeral-containers.yaml': ['role-ephemeral-containers'],
  'admission-policy.yaml': ['admission-policy'],
  'monitoring.yaml': ['servicemonitor', 'prometheusrule'],
};

const headings: Readonly<Record<string, string>> = {
  'flamepin.yaml':
    'flamepin in namespace flamepin. Its Secret `flamepin` must exist: see docs/kubernetes.md.',
  'rights.yaml':
    'What flamepin may do in namespace shop; copy it for each namespace whose JVMs may be profiled.',
  'ephemeral-containers.yaml': 'Opt-in: profiling containers without a shell, in namespace shop.',
  'admission-policy.yaml': 'Opt-in: flamepin’s account may run flamepin’s own scripts only. Cluster-wide.',
  'monitoring.yaml': 'For the Prometheus operator: scraping, recording rules and alerts.',
};

/**
 * The plain manifests in deploy/kubernetes, rendered from the chart with deploy/kubernetes/values.yaml: name → text.
 * @param helm path of the program, as test/setup/helm.sh prints it
 */
export async function manifests(helm: string): Promise<Map<string, string>> {
  const { stdout } = await run(
    helm,
    [
      ...['template', 'flamepin', import.meta.dirname, '--namespace=flamepin'],
      // A helm made by `go install` knows no version of Kubernetes.
      ...['--kube-version=1.35.4', '--values', join(deploy, 'values.yaml')],
    ],
    { maxBuffer: 16 * 1024 * 1024 },
  );
  const rendered = new Map<string, string[]>();
  for (const document of stdout.split(/^---\n/m)) {
    const template = /^# Source: flamepin\/templates\/(.+)\.yaml\n/.exec(document)?.[1];
    if (template === undefined) continue;
    const body = document.slice(document.indexOf('\n') + 1);
    rendered.set(template, [...(rendered.get(template) ?? []), plain(body)]);
  }
  const options = await resolveConfig(join(deploy, 'flamepin.yaml'));
  const files = new Map<string, string>();
  for (const [file, templates] of Object.entries(parts)) {
    const heading = `# Rendered from helm/ by helm/generate.ts; do not edit. ${headings[file] ?? ''}\n`;
    const documents = templates.flatMap((template) => rendered.get(template) ?? []);
    files.set(file, await format(heading + documents.join('---\n'), { ...options, parser: 'yaml' }));
  }
  return files;
}

/** Labels that say Helm manages the objects would make Helm and others believe it. */
function plain(document: string): string {
  return document
    .replace(/^ *(?:app\.kubernetes\.io\/managed-by|helm\.sh\/chart): .*\n/gm, '')
    .replace(/^ *annotations:\n(?: *#.*\n)? *helm\.sh\/resource-policy: keep\n/gm, '');
}
