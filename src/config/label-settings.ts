import { z } from 'zod';
import { pattern, section } from './fields.ts';

const name = z.string().min(1).max(200);

/** A label by its name, or with a pattern and the value that its groups make. */
const mappedLabel = z.union(
  [
    name,
    section({
      label: name,
      /** RE2 that matches the whole value, with groups. A label whose value does not match counts as missing. */
      pattern: pattern.optional(),
      /** What the name is: `$1` is the first group. Default: the whole value. */
      value: z.string().min(1).max(200).default('$0'),
    }),
  ],
  { error: 'Write the name of a label, or {label: svc, pattern: "svc-(.*)", value: "$1"}.' },
);

const meaning = z
  .array(mappedLabel)
  .max(20)
  .default([])
  .transform((labels) =>
    labels.map((each) =>
      typeof each === 'string'
        ? { label: each, pattern: null, value: '$0' }
        : { ...each, pattern: each.pattern ?? null },
    ),
  );

/** Labels of your own, read before those that flamepin knows; in each list the first that matches wins. */
export const labelsSchema = section({
  cluster: meaning,
  namespace: meaning,
  pod: meaning,
  container: meaning,
  workload: meaning,
  service: meaning,
  /** The host of an SSH target. */
  host: meaning,
  /** The systemd unit of a JVM on a host; `.service` may be missing. */
  unit: meaning,
});
