interface LogMethod {
  (fields: object, message: string): void;
  (message: string): void;
}

/** What the rooms need from a log: fields for machines, one sentence for people. Secrets never reach it. */
export interface Log {
  debug: LogMethod;
  info: LogMethod;
  warn: LogMethod;
  error: LogMethod;
  /** The same log, with these fields on each line. */
  child(fields: Record<string, unknown>): Log;
}
