import { z } from 'zod';
import { senderNames } from './sender.ts';

/** What became of one alert of a notification. */
export const alertOutcomes = [
  'queued',
  'duplicate',
  'cooldown',
  'unrouted',
  'unmappable',
  'not-here',
  'ignored',
  'observed',
  'paused',
  'resolved',
] as const;

export type AlertOutcome = (typeof alertOutcomes)[number];

/** One alert as the rest of flamepin sees it, whatever sent it. Everything in it is hostile text. */
export const alertSchema = z.object({
  /** Name of the configured source; part of the alert's identity. */
  source: z.string(),
  /** Who wrote the payload; `manual` and `schedule` are flamepin's own. */
  sender: z.enum([...senderNames, 'manual', 'schedule']),
  fingerprint: z.string(),
  status: z.enum(['firing', 'resolved']),
  startsAt: z.string(),
  endsAt: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  generatorUrl: z.string(),
  /** Grafana's links to the panel and dashboard; '' when there are none. */
  panelUrl: z.string(),
  dashboardUrl: z.string(),
});

export type Alert = z.infer<typeof alertSchema>;
