import { z } from 'zod';
import type { Exec } from '../profiler/exec.ts';
import { targetKinds } from './target-kinds.ts';
import type { Session } from '../profiler/session.ts';

/** One JVM to profile, as the ledger keeps it: enough to open it again after a crash. */
export const targetSchema = z.object({
  kind: z.enum(targetKinds),
  /** `kubernetes://namespace/pod/container`, `docker://id`, `host://pid`, `ssh://user@host:port/pid`. */
  uri: z.string(),
  /** For people: `checkout-7d9f-x2x` or `host 4711`. */
  name: z.string(),
  /** The key of cooldowns, baselines and blocks: `namespace/Deployment/checkout`, or the host and command. */
  workload: z.string(),
  /** Where it runs, for the limit per node. */
  node: z.string(),
  /** Image digest, or null. */
  image: z.string().nullable(),
  /** When the image or process started, ISO; null when unknown. */
  startedAt: z.string().nullable(),
  /** Why this one was chosen among several, in words; '' when there was no choice. */
  choice: z.string(),
  /** Only the target's own adapter reads this: uid of the pod, restart count, container id, … */
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
  /** What the route says about the target, instead of labels: `{namespace: 'shop', deployment: 'checkout'}`. */
  fixed?: Readonly<Record<string, string>>;
  /** A target given by hand (`flamepin capture`), instead of labels. */
  uri?: string;
  /**
   * For `flamepin explain`: only read, and run nothing in a candidate. Rejects with choice-needs-exec where nothing else
   * tells the candidates apart.
   */
  readOnly?: true;
}

/**
 * Whether the profiler may have harmed the target. `blocks: false`: it was stopped on purpose, such as a pod in a
 * rollback. That is reported, but no reason to stop profiling its image.
 */
export type TargetHealth = { alive: true } | { alive: false; detail: string; blocks: boolean };

/** One kind of target. Adapters are loaded when configured. */
export interface Targets {
  /** Labels → one target. Rejects with a Failure that says why there is none. */
  resolve(request: TargetRequest, signal: AbortSignal): Promise<Target>;
  /**
   * A healthy target of the same workload, to be profiled in the same window and compared with the resolved one: same
   * image, preferably another node, neither the worst of the others nor idle. null: there is none. Optional: not every
   * kind has siblings.
   */
  sibling?(target: Target, request: TargetRequest, signal: AbortSignal): Promise<Target | null>;
  /**
   * Opens a resolved target for commands, also after a restart of flamepin. `again`: for a session that was started there
   * before, in that place (null: unknown). Then nothing is added to the target, and commands reject with
   * recording-missing once the place is gone.
   * @param captureId marks what has to be added next to the target, so that it is found again after a crash
   */
  open(target: Target, again?: { place: string | null }, captureId?: string): Exec;
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
