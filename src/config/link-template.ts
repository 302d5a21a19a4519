import { z } from 'zod';
import { section } from './fields.ts';

/** What a template may name. Times are the window's, in the unit that the name says. */
const placeholders = [
  'namespace',
  'pod',
  'container',
  'workload',
  'fromSeconds',
  'toSeconds',
  'fromMilliseconds',
  'toMilliseconds',
] as const;
type Placeholder = (typeof placeholders)[number];

/** A link to the same window in a continuous profiler: `https://…/?query={workload}&from={fromSeconds}`. */
export const linkTemplateSchema = section({
  /** What the link is called: Pyroscope. */
  name: z.string().min(1).max(40),
  url: z
    .string()
    .regex(/^https?:\/\/[^\s{}/]+\//, { error: 'Start with http:// or https:// and a fixed host.' })
    .superRefine((url, context) => {
      for (const [whole, name] of url.matchAll(/\{([^{}]*)\}/g))
        if (!isPlaceholder(name ?? ''))
          context.addIssue({
            code: 'custom',
            message: `unknown placeholder ${whole}`,
            params: { remedy: `Known: ${placeholders.map((each) => `{${each}}`).join(' ')}.` },
          });
    }),
});
export type LinkTemplate = z.infer<typeof linkTemplateSchema>;

/** What the template asks for, each once. */
export function placeholdersOf({ url }: LinkTemplate): string[] {
  return [...new Set(Array.from(url.matchAll(/\{([^{}]*)\}/g), ([, name]) => name ?? ''))];
}

/** The link with each value percent-encoded; unknown values become empty. */
export function fillLink(template: LinkTemplate, values: Partial<Record<Placeholder, string>>): string {
  return template.url.replace(/\{([^{}]*)\}/g, (_, name: string) =>
    isPlaceholder(name) ? encodeURIComponent((values[name] ?? '').toWellFormed()) : '',
  );
}

function isPlaceholder(name: string): name is Placeholder {
  return (placeholders as readonly string[]).includes(name);
}
