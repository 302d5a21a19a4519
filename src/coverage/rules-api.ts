import { z } from 'zod';
import { Failure } from '../reasons/failure.ts';
import { noRules, type Rules } from './rules.ts';

const texts = z.record(z.string(), z.string()).nullish();
const answerSchema = z.object({
  data: z.object({
    groups: z.array(
      z.object({
        name: z.string().default(''),
        rules: z
          .array(
            z.object({
              type: z.string(),
              name: z.string(),
              query: z.string(),
              labels: texts,
              annotations: texts,
            }),
          )
          .nullish(),
      }),
    ),
  }),
});

/**
 * The answer of `/api/v1/rules`, which Prometheus, Thanos, Mimir and vmalert share. Throws a Failure: service-refused.
 * Pure.
 */
export function parseRulesAnswer(origin: string, text: string): Rules {
  const parsed = answerSchema.safeParse(jsonOf(text));
  if (!parsed.success)
    throw new Failure('service-refused', { detail: `${origin} does not answer /api/v1/rules with rules` });
  const rules = noRules();
  for (const { name: group, rules: inGroup } of parsed.data.data.groups)
    for (const { type, name, query: expression, labels, annotations } of inGroup ?? []) {
      if (type === 'recording') rules.recording.push({ name, expression, labels: labels ?? {} });
      else if (type === 'alerting')
        rules.alerting.push({
          name,
          group,
          place: `${origin}, group ${group}`,
          expression,
          labels: labels ?? {},
          annotations: annotations ?? {},
          sender: 'alertmanager',
        });
    }
  return rules;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
