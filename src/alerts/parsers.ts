import type { z } from 'zod';
import { notificationSchema, parseNotification, type Notification } from './notification.ts';
import type { Sender } from './sender.ts';

interface Parser {
  /** The documented shape of a body. */
  schema: z.ZodType;
  /** A decoded body → its alerts. Throws a Failure when the body is unusable. */
  parse(body: unknown, context: { source: string; sender: Sender }): Notification;
}

/** Grafana copied Alertmanager's body, and adds to it. */
const alertmanagerBody: Parser = { schema: notificationSchema, parse: parseNotification };

/** How the body of each sender is read. */
export const parsers: Record<Sender, Parser> = {
  alertmanager: alertmanagerBody,
  grafana: alertmanagerBody,
};
