import { z } from 'zod';
import { captureStates } from '../captures/capture.ts';
import type { CaptureFilter } from '../captures/ledger.ts';
import { captureIdSchema } from './capture-json.ts';

/** A form sends a field that was left empty as ''. */
const orEmpty = <S extends z.ZodType>(schema: S) =>
  z.union([z.literal('').transform(() => undefined), schema]).optional();

/** A browser's field has no time zone; it means UTC. */
const timeSchema = z
  .union([z.iso.datetime({ local: true, offset: true }), z.iso.date()])
  .meta({ description: 'ISO 8601; UTC if it has no zone.' });

/** The filter of `GET /captures`, as it is in the address. */
export const listQuerySchema = z.object({
  workload: orEmpty(z.string().max(500)).meta({ description: 'Only captures of this workload.' }),
  state: orEmpty(z.enum(captureStates)).meta({ description: 'Only captures in this state.' }),
  since: orEmpty(timeSchema).meta({ description: 'Only captures received then or later.' }),
  until: orEmpty(timeSchema).meta({ description: 'Only captures received before then.' }),
  before: orEmpty(captureIdSchema).meta({
    description: 'The page after the one that ends with this capture.',
  }),
});
export type ListQuery = z.infer<typeof listQuerySchema>;

/** What the ledger is asked for; `limit` is the length of a page. */
export function listFilter(
  { workload, state, since, until, before }: ListQuery,
  limit: number,
): CaptureFilter {
  return {
    limit,
    ...(workload === undefined ? {} : { workload }),
    ...(state === undefined ? {} : { states: [state] }),
    ...(before === undefined ? {} : { before }),
    ...(since === undefined ? {} : { since: milliseconds(since) }),
    ...(until === undefined ? {} : { until: milliseconds(until) }),
  };
}

const milliseconds = (iso: string): number => Date.parse(/T\d\d:\d\d[\d:.]*$/.test(iso) ? `${iso}Z` : iso);
