import type { TargetHealth } from '../../captures/target.ts';
import { exitCodeText } from '../exit-code.ts';
import { orderlyExitCodes } from '../orderly-end.ts';
import type { Pod } from './connection/objects.ts';
import type { PodData } from './connection/place.ts';

/**
 * Whether the profiled container is alive. Rollbacks, scale-ins and drains remove pods as a matter of course, above all in
 * an incident: that is reported, but blocks nothing. A restart in place, the OOM killer or any other exit
 * code blocks. `pod` is undefined when there is none of that name any more.
 */
export function healthOf(data: PodData, pod: Pod | undefined): TargetHealth {
  if (pod === undefined || pod.metadata.uid !== data.uid)
    return { alive: false, blocks: false, detail: `pod ${data.pod} was deleted` };
  const status = pod.status.containerStatuses.find(({ name }) => name === data.container);
  if (status?.containerID === data.containerId && status.state.running !== null) return { alive: true };
  const restarts = status?.restartCount ?? data.restartCount;
  const ended = status?.state.terminated ?? status?.lastState.terminated ?? null;
  const why = ended === null ? '' : ` (${endWords(ended.reason, ended.exitCode)})`;
  if (restarts > data.restartCount)
    return {
      alive: false,
      blocks: true,
      detail: `container ${data.container} restarted: ${data.restartCount} → ${restarts} restarts${why}`,
    };
  const killed = ended?.reason === 'OOMKilled';
  // A pod that is being deleted gets SIGKILL after its grace period, whatever the profiler did.
  const asOrdered = pod.metadata.deletionTimestamp !== null || orderlyExitCodes.has(ended?.exitCode ?? -1);
  return {
    alive: false,
    blocks: killed || !asOrdered,
    detail: `container ${data.container} ended${why}`,
  };
}

/** The kubelet's own reason says more than the signal that it sent. */
function endWords(reason: string | null, exitCode: number | null): string {
  if (exitCode === null) return `${reason ?? 'ended'}, exit code unknown`;
  return reason === 'OOMKilled'
    ? `${reason}, exit code ${exitCode}`
    : `${reason ?? 'ended'}, ${exitCodeText(exitCode)}`;
}
