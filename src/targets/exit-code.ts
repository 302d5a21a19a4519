/** What ended a process, by its exit code: 128 + the number of the signal. Only those that a JVM's end is known by. */
const signals: Readonly<Record<number, string>> = {
  134: 'SIGABRT, as a JVM ends after a fatal error of its own',
  137: 'SIGKILL, as the out-of-memory killer, a failed liveness probe or a forced stop sends it',
  139: 'SIGSEGV, as a crash ends it',
  143: 'SIGTERM, as a stop sends it',
};

/** `exit code 137: SIGKILL, as …`; a code that says nothing more stays as it is. */
export function exitCodeText(code: number): string {
  const signal = signals[code];
  return signal === undefined ? `exit code ${code}` : `exit code ${code}: ${signal}`;
}
