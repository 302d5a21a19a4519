import type { TargetKind } from '../captures/target-kinds.ts';
import { describeReason, type Reason } from '../reasons/failure.ts';

/** How to see what there is to profile. */
const listing: Readonly<Record<TargetKind, string>> = {
  host: '`jcmd -l` lists the JVMs here; host:// takes the busiest.',
  docker: '`docker ps` lists the containers.',
  ssh: 'Without a process id, the busiest JVM of the host is taken.',
  kubernetes: '`kubectl get pods` lists the pods.',
};

/**
 * A reason for the person who typed the target. The common words are those of an alert: they speak of labels and patterns,
 * of which there are none.
 */
export function describeByHand(reason: Reason, kind: TargetKind): ReturnType<typeof describeReason> {
  const { detail } = reason;
  switch (reason.code) {
    case 'target-not-found':
      return { sentence: 'There is no such target.', detail, remedy: listing[kind] };
    case 'not-a-jvm':
      return { sentence: 'This is not a JVM.', detail, remedy: listing[kind] };
    case 'interrupted':
      return {
        sentence: 'Given up: no recording was kept.',
        detail,
        remedy: 'Ctrl-C once, in the window, keeps what was sampled until then.',
      };
    default:
      return describeReason(reason);
  }
}
