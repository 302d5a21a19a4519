/** Length of a window under short-windows.ts, seconds: long enough for a kill to fall into any part of it. */
export const windowSeconds = 2;
