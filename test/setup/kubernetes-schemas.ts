import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

/** Strict JSON schemas for kubeconform, made without a network beyond Go's module proxy: unknown fields are errors. */

const modules = {
  kubernetes: 'k8s.io/kubernetes@v1.35.4',
  gateway: 'sigs.k8s.io/gateway-api@v1.4.0',
  operator: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
} as const;

type Schema = Record<string, unknown>;

const swaggerSchema = z.object({
  definitions: z.record(
    z.string(),
    z.looseObject({
      'x-kubernetes-group-version-kind': z
        .array(z.object({ group: z.string(), version: z.string(), kind: z.string() }))
        .optional(),
    }),
  ),
});
const definitionSchema = z.object({
  kind: z.literal('CustomResourceDefinition'),
  spec: z.object({
    group: z.string(),
    names: z.object({ kind: z.string() }),
    versions: z.array(
      z.object({
        name: z.string(),
        schema: z.object({ openAPIV3Schema: z.record(z.string(), z.unknown()) }),
      }),
    ),
  }),
});

/** Writes a file for each kind into a directory; `location` names them for kubeconform. */
export function writeKubernetesSchemas(directory: string): { location: string } {
  mkdirSync(directory, { recursive: true });
  const save = (group: string, version: string, kind: string, schema: Schema): void => {
    const name = [kind, group.split('.')[0] ?? '', version].filter((part) => part !== '').join('-');
    writeFileSync(join(directory, `${name.toLowerCase()}.json`), JSON.stringify(schema));
  };

  const swagger = join(moduleDirectory(modules.kubernetes), 'api', 'openapi-spec', 'swagger.json');
  const { definitions } = swaggerSchema.parse(JSON.parse(readFileSync(swagger, 'utf8')));
  for (const [name, definition] of Object.entries(definitions)) {
    const kinds = definition['x-kubernetes-group-version-kind'] ?? [];
    const [only] = kinds;
    // Those with several are DeleteOptions and their like.
    if (only === undefined || kinds.length > 1) continue;
    save(only.group, only.version, only.kind, withDefinitions(name, definitions));
  }
  const customResources = [
    join(moduleDirectory(modules.gateway), 'config', 'crd', 'standard'),
    join(moduleDirectory(modules.operator), 'example', 'prometheus-operator-crd'),
  ];
  for (const place of customResources)
    for (const file of readdirSync(place))
      for (const document of parseAllDocuments(readFileSync(join(place, file), 'utf8'))) {
        const parsed = definitionSchema.safeParse(document.toJS());
        if (!parsed.success) continue;
        const { group, names, versions } = parsed.data.spec;
        for (const { name, schema } of versions)
          save(group, name, names.kind, strict(schema.openAPIV3Schema) as Schema);
      }
  return { location: join(directory, '{{ .ResourceKind }}{{ .KindSuffix }}.json') };
}

/** Go's module cache holds what was downloaded before. */
function moduleDirectory(module: string): string {
  const answer = execFileSync('sh', [join(import.meta.dirname, 'go-module.sh'), module], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 180_000,
  });
  return z.object({ Dir: z.string() }).parse(JSON.parse(answer)).Dir;
}

/** A schema of its own for one definition, with those that it refers to. */
function withDefinitions(name: string, definitions: Readonly<Record<string, Schema>>): Schema {
  const needed: Record<string, unknown> = {};
  const add = (each: string): void => {
    if (each in needed) return;
    const definition = strict(definitions[each]);
    needed[each] = definition;
    for (const [, reference = ''] of JSON.stringify(definition).matchAll(/"#\/definitions\/([^"]+)"/g))
      add(reference);
  };
  add(name);
  return { $ref: `#/definitions/${name}`, definitions: needed };
}

/** Unknown fields are refused, numbers that may be text (ports, quantities) are let through as both. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { format, ...rest } = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, strict(value)]),
  );
  if (format === 'int-or-string' || rest['x-kubernetes-int-or-string'] === true)
    return { type: ['string', 'integer'] };
  // resource.Quantity is text in the API and may be a number in a manifest.
  const description = rest['description'];
  if (typeof description === 'string' && description.startsWith('Quantity is a fixed-point'))
    return { type: ['string', 'number'] };
  const open =
    rest['properties'] === undefined ||
    rest['additionalProperties'] !== undefined ||
    rest['x-kubernetes-preserve-unknown-fields'] === true;
  return open ? rest : { ...rest, additionalProperties: false };
}
