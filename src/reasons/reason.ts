import { z } from 'zod';
import { reasons, type ReasonCode } from './reasons.ts';

/** The words of a capture: states, outcomes and what the ledger keeps of it. */

const reasonCodes = Object.keys(reasons) as [ReasonCode, ...ReasonCode[]];

export const reasonSchema = z.object({ code: z.enum(reasonCodes), detail: z.string() });
