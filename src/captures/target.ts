import { z } from 'zod';
import type { Exec } from '../profiler/exec.ts';
import { targetKinds } from './target-kinds.ts';
import type { Session } from '../profiler/session.ts';

/** One place to profile, as it is kept in the ledger: enough to open it again after a crash. */
export const targetSchema = z.object({
  kind: z.enum(targetKinds),
  /** `kubernetes://namespace/pod/container`, `docker://id`, `host://pid`, `ssh://user@host:port/pid`. */
  uri: z.string(),
  /** For people: `checkout-7d9f-x2x` or `host 4711`. */
  name: z.string(),
  /** What cooldown, baselines and blocks are kept by: `namespace/Deployment/checkout`, or the host and command. */
  workload: z.string(),
  /** Where it runs, for the limit per node. */
  node: z.string(),
  /** Image digest, or null. */
  image: z.string().nullable(),
  /** When the image or process started, ISO; null when unknown. */
  startedAt: z.string().nullable(),
  /** Which of several was chosen and why, in words; '' when there was no choice. */
  choice: z.string(),
  /** What only the target's own adapter reads: uid of the pod, restart count, container id, … */
  data: z.record(z.string(), z.unknown()),
});
export type Target = z.infer<typeof targetSchema>;

/** What is looked for. Labels are hostile text. */
export interface TargetRequest {
  labels: Readonly<Record<string, string>>;
  /** The alert's startsAt, ISO. */
  startsAt: string;
  generatorUrl: string;
  /** RE2 over the command line, from the route, when several JVMs run there. */
  process?: string;
  /** A target named by hand (`flamepin capture`), instead of the labels. */
  uri?: string;
}

/**
 * What a target can tell afterwards: whether the profiler may have harmed it. `blocks: false` says that it ended as
 * somebody ordered, such as a pod in a rollback: told, but no reason to profile its image no more.
 */
export type TargetHealth = { alive: true } | { alive: false; detail: string; blocks: boolean };

/** One kind of target. Adapters are loaded when configured. */
export interface Targets {
  /** Labels → one target. Rejects with a Failure that says why there is none. */
  resolve(request: TargetRequest, signal: AbortSignal): Promise<Target>;
  /**
   * A healthy target of the same workload, to be profiled beside a resolved one in the same window and compared with
   * it: running the same image, on another node where there is one, neither the worst of the others nor an idle one.
   * null: there is none. Kinds without siblings leave it out.
   */
  sibling?(target: Target, request: TargetRequest, signal: AbortSignal): Promise<Target | null>;
  /**
   * Opens a resolved target for commands; also after a restart of flamepin. `again`: for what was begun there before,
   * at that place (null: nobody knows of one). Then nothing is added to the target, and commands reject with
   * recording-missing once the place is no more.
   */
  open(target: Target, again?: { place: string | null }): Exec;
  /** Has the target, or the JVM of that session in it, died or restarted since? */
  health(target: Target, session: Session | null, signal: AbortSignal): Promise<TargetHealth>;
  /** For `doctor`: what could keep captures of this kind from working. Touches no target. */
  check?(signal: AbortSignal): Promise<CheckResult[]>;
  close?(): Promise<void>;
}

/** One line of `doctor`. `remedy` is empty when `ok`. */
export interface CheckResult {
  what: string;
  ok: boolean;
  detail: string;
  remedy: string;
}
