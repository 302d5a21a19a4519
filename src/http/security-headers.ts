import type { RequestHandler } from 'express';

/**
 * Everything comes from our own origin and nothing is inline; a page cannot be framed, and its address, which holds
 * a capture's id, is not told to others.
 */
export const securityHeaders: RequestHandler = (_request, response, next) => {
  response.setHeader(
    'Content-Security-Policy',
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  );
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('X-Frame-Options', 'DENY');
  next();
};
