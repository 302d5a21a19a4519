/** Exit codes of an orderly end: by itself, or by SIGTERM, from a controller or `docker stop`. */
export const orderlyExitCodes: ReadonlySet<number> = new Set([0, 143]);
