import { z } from 'zod';
import { captureStates } from '../captures/capture.ts';
import type { CaptureFilter } from '../captures/ledger.ts';
import { reasons, type ReasonCode } from '../reasons/reasons.ts';
import { captureIdSchema } from './capture-json.ts';

const reasonCodes = Object.keys(reasons) as ReasonCode[];

/** A form sends a field that was left empty as ''. */
const orEmpty = <S extends z.ZodType>(schema: S) =>
  z.union([z.literal('').transform(() => undefined), schema]).optional();

/** A browser's field has no time zone; it means UTC. */
const timeSchema = z
  .union([z.iso.datetime({ local: true, offset: true }), z.iso.date()])
  .meta({ description: 'ISO 8601; UTC if it has no zone.' });

/** The filter of `GET /captures`, as it is in the address. */
export const listQuerySchema = z.object({
  text: orEmpty(z.string().max(500)).meta({
    description:
      'Only captures with this in their sentence, workload, target, reason or the values of their labels.',
  }),
  workload: orEmpty(z.string().max(500)).meta({
    description: 'Only captures of workloads with this in their name.',
  }),
  alert: orEmpty(z.string().max(500)).meta({
    description: 'Only captures of alerts with this in their name.',
  }),
  state: orEmpty(z.enum(captureStates)).meta({ description: 'Only captures in this state.' }),
  since: orEmpty(timeSchema).meta({ description: 'Only captures received then or later.' }),
  until: orEmpty(timeSchema).meta({ description: 'Only captures received before then.' }),
  before: orEmpty(captureIdSchema).meta({
    description: 'The page after the one that ends with this capture.',
  }),
});
export type ListQuery = z.infer<typeof listQuerySchema>;

/** What stays the same from page to page. */
export const filterNames = ['text', 'workload', 'alert', 'state', 'since', 'until'] as const;

/** What the ledger is asked for; `limit` is the length of a page. */
export function listFilter(
  { text, workload, alert, state, since, until, before }: ListQuery,
  limit: number,
): CaptureFilter {
  return {
    limit,
    ...(text === undefined ? {} : { text: { part: text, reasons: reasonsThatSay(text) } }),
    ...(workload === undefined ? {} : { workloadPart: workload }),
    ...(alert === undefined ? {} : { alertPart: alert }),
    ...(state === undefined ? {} : { states: [state] }),
    ...(before === undefined ? {} : { before }),
    ...(since === undefined ? {} : { since: milliseconds(since) }),
    ...(until === undefined ? {} : { until: milliseconds(until) }),
  };
}

/** The ledger keeps codes; what a reader sees of them, and looks for, is their sentence. */
const reasonsThatSay = (text: string): ReasonCode[] =>
  reasonCodes.filter((code) => reasons[code].sentence.toLowerCase().includes(text.toLowerCase()));

const milliseconds = (iso: string): number => Date.parse(/T\d\d:\d\d[\d:.]*$/.test(iso) ? `${iso}Z` : iso);
