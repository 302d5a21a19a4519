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
   * For a command that writes to stdout before it reads: stdin is held back until its first output. When a command cannot
   * start, any hop in between may close the connection over unread bytes, and the reason is lost.
   */
  stdinWhenAsked?: boolean;
  /** Milliseconds from the call until everything is settled. */
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
   * Where commands run when that is next to the target and not in it: their files are visible only there. Known once a
   * command has run.
   */
  readonly place?: string | null;
  /**
   * Removes that place with whatever is in it: the session needs nothing of it any more. Does nothing where commands run
   * in the target itself, or where a place stays.
   */
  leave?(): Promise<void>;
  close?(): Promise<void>;
}
