import type { RequestHandler } from 'express';

/**
 * How long a body that nobody wants is still read after the answer, milliseconds. Closed at once, the sender's next
 * bytes would be answered with a reset, and it might never see the answer.
 */
const drainMs = 1_000;

/** Ends a connection whose request was answered before its body was whole; an endless one is not read to its end. */
export const endUnreadBody: RequestHandler = (request, response, next) => {
  response.once('finish', () => {
    if (request.complete) return;
    setTimeout(() => {
      if (!request.complete) request.socket.destroy();
    }, drainMs).unref();
  });
  next();
};
