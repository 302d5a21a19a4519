interface Steps {
  durationSeconds: number;
  /** `PID` where it is known before the start, `any` where start.sh finds the JVM, `PIDS` where a pattern chooses. */
  candidates: 'PID' | 'any' | 'PIDS';
  /** The process, where it is known already. */
  pid?: string | undefined;
}

/**
 * The commands of one capture in a target, in their order, for `explain`: each script with its parameters as script.ts
 * has them. What is not known before is in capitals.
 */
export function stepsOf({ durationSeconds, candidates, pid = 'PID' }: Steps): string[] {
  const start = `flamepin CAPTURE ${durationSeconds} ${candidates === 'PID' ? pid : candidates} ARCHITECTURE BYTES SHA256`;
  return [
    ...(candidates === 'PIDS' ? ['sh -c list.sh flamepin'] : []),
    `sh -c start.sh ${start} < async-profiler`,
    `sh -c collect.sh flamepin CAPTURE ${pid} TICKS BOOT DIRECTORY MAXBYTES 70`,
    `sh -c clean-up.sh flamepin CAPTURE ${pid} TICKS stop`,
  ];
}
