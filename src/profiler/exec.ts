/**
 * The one way into a target: run a command there. The profiler knows nothing of Kubernetes, Docker or SSH;
 * what implements this knows nothing of JVMs. test/contract/exec.ts holds the suite that each must pass.
 */
export interface ExecRequest {
  /** Command and arguments; never joined into a shell line by an implementation without quoting. */
  argv: readonly [string, ...string[]];
  /** Bytes for stdin; afterwards stdin is closed. Without it the command reads end of file. */
  stdin?: Uint8Array;
  /**
   * For a command that writes to stdout before it reads: stdin is kept until something of that is here. Between us and
   * a command that cannot start, every hop may close on bytes that nobody takes, and the answer is lost with them.
   */
  stdinWhenAsked?: boolean;
  /** Everything must be settled by then, milliseconds from the call. */
  deadlineMs: number;
  /**
   * Bound on stdout; more is `exec-overflow`, and so is a flood of tiny pieces or of stderr. stderr is cut at 64 KiB,
   * its end kept.
   */
  maxOutputBytes: number;
  signal?: AbortSignal;
}

export interface ExecResult {
  /** 128 + n when the command was ended by signal n. */
  exitCode: number;
  stdout: Buffer;
  stderr: string;
}

export interface Exec {
  /**
   * Resolves once the command has ended and all of its output is here, whatever its exit code. Rejects with a
   * Failure: exec-denied, exec-timeout, exec-disconnected, exec-overflow, exec-unavailable, target-gone, no-shell
   * (the program does not exist there); an abort rejects with exec-disconnected. Rejecting means settled on our
   * side only: the remote process may live on, so whatever runs remotely bounds itself.
   */
  run(request: ExecRequest): Promise<ExecResult>;
  /**
   * Where commands run when that is beside the target, not in it: files that they leave are seen from nowhere else.
   * Known once a command has run.
   */
  readonly place?: string | null;
  close?(): Promise<void>;
}
