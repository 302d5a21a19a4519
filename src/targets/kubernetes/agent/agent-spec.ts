import { createHash } from 'node:crypto';
import type { Pod } from '../connection/objects.ts';

/** Pure: the ephemeral container for a JVM without a shell, and which of a pod's existing ones can be used. */

export interface EphemeralSettings {
  /** Image with a shell and async-profiler in /opt/flamepin, best with a digest. */
  image: string;
  pullPolicy: 'Always' | 'IfNotPresent' | 'Never';
}

/** A running ephemeral container. */
export interface Agent {
  name: string;
  containerId: string;
}

export interface ProcessUser {
  uid: number;
  gid: number;
}

/** It exits after this long, because nobody can stop or remove an ephemeral container. */
export const lifetimeSeconds = 900;
/** The longest capture (60 s) plus waiting and fetching: a container with less time left is not reused. */
const neededSeconds = 200;
/** They stay in the pod's spec for good; a pod that is profiled all day must not grow without bound. */
const maxPerPod = 12;
/** Reads /proc/1/status of the target when nothing else says which user it runs as. */
const probeUser: ProcessUser = { uid: 65532, gid: 65532 };
const probe = 'probe';

/** The user of the container's first process, from the kubelet or the spec; null when only the image defines it. */
export function userOf(pod: Pod, container: string): ProcessUser | null {
  const status = pod.status.containerStatuses.find(({ name }) => name === container);
  const seen = status?.user?.linux;
  if (seen !== null && seen !== undefined) return { uid: seen.uid, gid: seen.gid };
  const own = pod.spec.containers.find(({ name }) => name === container)?.securityContext;
  const uid = own?.runAsUser ?? pod.spec.securityContext?.runAsUser;
  const gid = own?.runAsGroup ?? pod.spec.securityContext?.runAsGroup;
  return typeof uid === 'number' && typeof gid === 'number' ? { uid, gid } : null;
}

/** `Uid:` and `Gid:` (effective) of /proc/PID/status. */
export function userOfStatus(text: string): ProcessUser | null {
  const [uid, gid] = ['Uid', 'Gid'].map((key) =>
    Number(new RegExp(`^${key}:\\s+\\d+\\s+(\\d+)`, 'm').exec(text)?.[1] ?? NaN),
  );
  return uid === undefined || gid === undefined || Number.isNaN(uid + gid) ? null : { uid, gid };
}

/**
 * Name prefix for one run of one container and one image: after a restart the process ids differ, and a failed pull of
 * a wrong image must not stand in the way of the right one.
 */
export function lifePrefix(
  containerId: string,
  { image, pullPolicy }: Pick<EphemeralSettings, 'image' | 'pullPolicy'>,
): string {
  const life = `${containerId} ${image} ${pullPolicy}`;
  return `flamepin-${createHash('sha256').update(life).digest('hex').slice(0, 8)}-`;
}

/** The prefix for one user; null: for the probe that finds out who the user is. */
export function namePrefix(
  containerId: string,
  user: ProcessUser | null,
  settings: Pick<EphemeralSettings, 'image' | 'pullPolicy'>,
): string {
  return `${lifePrefix(containerId, settings)}${user === null ? probe : user.uid}-`;
}

/** A running container with enough time left (assuming the kubelet's clock agrees with ours); null when there is none. */
export function usable(pod: Pod, prefix: string, now: number): Agent | null {
  const fit = running(pod, prefix).find(
    ({ startedAt }) => now - startedAt < (lifetimeSeconds - neededSeconds) * 1000,
  );
  return fit ?? null;
}

/**
 * The running container that earlier commands ran in, however old: their files are visible only there. Without a name,
 * as after a crash, the youngest one for that run of the target.
 */
export function previousAgent(pod: Pod, life: string, name: string | null): Agent | null {
  const [youngest] = running(pod, life).filter((each) => !each.name.startsWith(`${life}${probe}`));
  return (name === null ? youngest : running(pod, '').find((each) => each.name === name)) ?? null;
}

/** Youngest first. */
function running(pod: Pod, prefix: string): (Agent & { startedAt: number })[] {
  return pod.status.ephemeralContainerStatuses
    .filter(({ name, state }) => name.startsWith(prefix) && state.running !== null)
    .map(({ name, containerID, state }) => ({
      name,
      containerId: containerID,
      startedAt: Date.parse(state.running?.startedAt ?? ''),
    }))
    .sort((one, other) => other.startedAt - one.startedAt);
}

/** The name of one that has not started yet: the kubelet is working on it, or will retry. */
export function pending(pod: Pod, prefix: string): string | null {
  const found = pod.spec.ephemeralContainers.find(({ name }) => {
    const state = pod.status.ephemeralContainerStatuses.find((each) => each.name === name)?.state;
    const begun = (state?.running ?? state?.terminated ?? null) !== null;
    return name.startsWith(prefix) && !begun;
  });
  return found?.name ?? null;
}

/** A name for a new one; null when the pod has had too many. */
export function nextName(pod: Pod, prefix: string): string | null {
  const ours = pod.spec.ephemeralContainers.filter(({ name }) => name.startsWith('flamepin-'));
  if (ours.length >= maxPerPod) return null;
  return `${prefix}${ours.length + 1}`;
}

/** The patch that adds it: no more privileges than the JVM, and valid under Pod Security `restricted` unless the JVM is root. */
export function agentPatch(
  name: string,
  container: string,
  user: ProcessUser | null,
  settings: EphemeralSettings,
): unknown {
  const { uid, gid } = user ?? probeUser;
  return {
    spec: {
      ephemeralContainers: [
        {
          name,
          image: settings.image,
          imagePullPolicy: settings.pullPolicy,
          targetContainerName: container,
          command: ['sleep', String(lifetimeSeconds)],
          securityContext: {
            runAsUser: uid,
            runAsGroup: gid,
            runAsNonRoot: uid !== 0,
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            seccompProfile: { type: 'RuntimeDefault' },
          },
        },
      ],
    },
  };
}
