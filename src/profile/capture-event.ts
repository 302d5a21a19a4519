import { z } from 'zod';
import { captureEvents } from './sampling.ts';

export const captureEventSchema = z.enum(captureEvents);

export type CaptureEvent = z.infer<typeof captureEventSchema>;
