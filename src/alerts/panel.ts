import { z } from 'zod';

export const panelSchema = z.object({
  dashboardUid: z.string(),
  /** null: the whole dashboard. */
  panelId: z.number().int().nullable(),
  /** How it was found, for `explain` and the page. */
  foundBy: z.string(),
});

export type Panel = z.infer<typeof panelSchema>;
