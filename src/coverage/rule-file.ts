import { LineCounter, parseAllDocuments, type Document } from 'yaml';
import { z } from 'zod';
import { Failure } from '../reasons/failure.ts';
import { noRules, type Rules } from './rules.ts';

/** YAML reads `severity: 1` as a number; Prometheus takes it for text. */
const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const texts = z
  .record(z.string(), text.nullish())
  .nullish()
  .transform((given) =>
    Object.fromEntries(Object.entries(given ?? {}).map(([name, value]) => [name, value ?? ''])),
  );
const rule = z.object({
  alert: z.string().min(1).optional(),
  record: z.string().min(1).optional(),
  expr: text,
  labels: texts,
  annotations: texts,
});
const group = z.object({
  name: text.optional(),
  /** Prometheus 3 and vmalert: labels of every rule of the group. */
  labels: texts,
  rules: z.array(z.unknown()).nullable(),
});

type Path = readonly (string | number)[];

/**
 * A file of rules → its rules: Prometheus', Mimir's and vmalert's `groups`, PrometheusRule and VMRule objects, and lists of
 * them, several documents in one file. Objects of other kinds are passed over, so that the output of `helm template` can be
 * read. Throws a Failure: rule-file-malformed, which names file, line and place. Pure.
 */
export function parseRuleFile(name: string, content: string): Rules {
  const lines = new LineCounter();
  const documents = parseAllDocuments(content, { lineCounter: lines, prettyErrors: false });
  const rules = noRules();
  let found = false;
  for (const document of documents) {
    const [error] = document.errors;
    if (error !== undefined) {
      const { line, col } = lines.linePos(error.pos[0]);
      throw malformed(`${name}:${line}:${col}: not YAML: ${error.message}`);
    }
    const file = new RuleDocument(name, document, lines);
    found = file.collect(rules) || found;
  }
  if (!found)
    throw malformed(`${name}: no \`groups\` of rules, nor a PrometheusRule with \`spec.groups\`, in it`);
  return rules;
}

class RuleDocument {
  readonly #name: string;
  readonly #document: Document;
  readonly #lines: LineCounter;

  constructor(name: string, document: Document, lines: LineCounter) {
    this.#name = name;
    this.#document = document;
    this.#lines = lines;
  }

  /** Whether it is a document of rules. */
  collect(rules: Rules): boolean {
    let value: unknown;
    try {
      value = this.#document.toJS({ maxAliasCount: 100 });
    } catch (error) {
      throw malformed(`${this.#name}: ${error instanceof Error ? error.message : String(error)}`);
    }
    return this.#object(value, [], rules);
  }

  #object(value: unknown, path: Path, rules: Rules): boolean {
    if (typeof value !== 'object' || value === null) return false;
    if (has(value, 'items') && Array.isArray(value.items)) {
      const found = value.items.map((item, at) => this.#object(item, [...path, 'items', at], rules));
      return found.includes(true);
    }
    if (has(value, 'groups')) return this.#groups(value.groups, [...path, 'groups'], rules);
    if (!has(value, 'spec') || typeof value.spec !== 'object' || value.spec === null) return false;
    return has(value.spec, 'groups') && this.#groups(value.spec.groups, [...path, 'spec', 'groups'], rules);
  }

  #groups(value: unknown, path: Path, rules: Rules): true {
    // An empty file of rules is written so.
    if (value === null) return true;
    if (!Array.isArray(value)) throw this.#fault(path, 'this is not a list');
    for (const [at, each] of value.entries()) this.#group(each, [...path, at], rules);
    return true;
  }

  #group(value: unknown, path: Path, rules: Rules): void {
    const { name, labels, rules: inGroup } = this.#parsed(group, value, path);
    for (const [at, each] of (inGroup ?? []).entries())
      this.#rule(each, [...path, 'rules', at], { name: name ?? '', labels }, rules);
  }

  #rule(
    value: unknown,
    path: Path,
    { name: groupName, labels: groupLabels }: { name: string; labels: Record<string, string> },
    rules: Rules,
  ): void {
    const { alert, record, expr: expression, labels, annotations } = this.#parsed(rule, value, path);
    const all = { ...groupLabels, ...labels };
    if (record !== undefined) rules.recording.push({ name: record, expression, labels: all });
    else if (alert !== undefined)
      rules.alerting.push({
        name: alert,
        group: groupName,
        place: `${this.#name}:${this.#lineOf(path)}`,
        expression,
        labels: all,
        annotations,
        sender: 'alertmanager',
      });
    else throw this.#fault(path, 'neither `alert` nor `record`');
  }

  #parsed<T extends z.ZodType>(schema: T, value: unknown, path: Path): z.infer<T> {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw this.#fault([...path, ...((issue?.path ?? []) as Path)], issue?.message ?? 'not valid');
  }

  #fault(path: Path, what: string): Failure {
    return malformed(`${this.#name}:${this.#lineOf(path)}: ${placeOf(path)}: ${what}`);
  }

  /** The line of what is there, or of the nearest thing around it. */
  #lineOf(path: Path): number {
    for (let length = path.length; length > 0; length--) {
      const node = this.#document.getIn(path.slice(0, length), true) as { range?: number[] } | undefined;
      const start = node?.range?.[0];
      if (start !== undefined) return this.#lines.linePos(start).line;
    }
    return 1;
  }
}

/** `groups[0].rules[2].expr` */
const placeOf = (path: Path): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');

const has = <K extends string>(value: object, key: K): value is Record<K, unknown> =>
  Object.hasOwn(value, key);

const malformed = (detail: string): Failure => new Failure('rule-file-malformed', { detail });
