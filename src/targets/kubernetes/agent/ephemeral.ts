import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../../reasons/failure.ts';
import type { Exec } from '../../../profiler/exec.ts';
import { execBeside } from '../../exec-beside.ts';
import {
  agentPatch,
  lifePrefix,
  namePrefix,
  nextName,
  pending,
  usable,
  previousAgent,
  userOf,
  userOfStatus,
  type Agent,
  type EphemeralSettings,
  type ProcessUser,
} from './agent-spec.ts';
import { apiPath, statusMessage, type KubernetesApi } from '../connection/api.ts';
import type { Cluster } from '../connection/cluster.ts';
import type { ContainerPlace } from '../connection/exec.ts';
import type { Pod } from '../connection/objects.ts';
import type { PodData } from '../connection/place.ts';

export interface AgentOptions {
  settings: EphemeralSettings;
  api: KubernetesApi;
  cluster: Cluster;
  openPlain: (place: ContainerPlace, containerId: string) => Exec;
}

/** Measured from patch to running: 0.95 to 1.2 s with the image on the node; pulling 3 MB takes the rest. */
const startDeadlineMilliseconds = 30_000;
const pollMilliseconds = 100;
/** The kubelet retries these, but not soon enough for a capture. */
const permanentReasons = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

/** A container that is coming up, and how many requests wait for it. */
interface Starting {
  agent: Promise<Agent>;
  waiting: number;
  stop: AbortController;
}

/** Ephemeral containers for JVMs whose image has no shell: one per run of the target container, reused. */
export class AgentContainers {
  readonly #options: AgentOptions;
  readonly #starting = new Map<string, Starting>();

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  /** Runs commands in the container itself; from the first `no-shell` on, in an ephemeral container next to it. */
  open(data: PodData, plain: Exec): Exec {
    return this.#execVia(data, plain, (signal) => this.#once(data, signal));
  }

  /** For a session that was started before, in `place` where that is known. Adds no container. */
  reopen(data: PodData, plain: Exec, place: string | null): Exec {
    return this.#execVia(data, place === null ? plain : null, (signal) =>
      this.#previousAgent(data, place, signal),
    );
  }

  #execVia(data: PodData, plain: Exec | null, find: (signal: AbortSignal) => Promise<Agent>): Exec {
    return execBeside({
      plain,
      find,
      open: (agent) => this.#openAgent(data, agent),
      target: data.pod,
      what: 'ephemeral container',
    });
  }

  #openAgent({ namespace, pod }: PodData, { name, containerId }: Agent): Exec {
    return this.#options.openPlain({ namespace, pod, container: name }, containerId);
  }

  async #previousAgent(data: PodData, place: string | null, signal: AbortSignal): Promise<Agent> {
    const pod = await this.#pod(data, signal);
    const status = pod.status.containerStatuses.find(({ name }) => name === data.container);
    if (status?.containerID !== data.containerId || status.state.running === null)
      throw new Failure('target-gone', { detail: `container ${data.container} of ${data.pod} has ended` });
    const agent = previousAgent(pod, lifePrefix(data.containerId, this.#options.settings), place);
    if (agent !== null) return agent;
    if (place === null)
      throw new Failure('no-shell', { detail: 'and no ephemeral container runs beside it' });
    throw new Failure('recording-missing', {
      detail: `the ephemeral container ${place}, which held it, has ended`,
    });
  }

  /** Concurrent captures of one pod share one container. Starting it stops only when the last of them gives up. */
  async #once(data: PodData, signal: AbortSignal): Promise<Agent> {
    signal.throwIfAborted();
    const key = `${data.uid}/${data.containerId}`;
    const starting = this.#starting.get(key) ?? this.#begin(key, data);
    starting.waiting++;
    try {
      const givenUp = once(signal, 'abort').then(() => Promise.reject(new Failure('exec-timeout')));
      return await Promise.race([starting.agent, givenUp]);
    } finally {
      if (--starting.waiting === 0) this.#forget(key, starting);
    }
  }

  #begin(key: string, data: PodData): Starting {
    const stop = new AbortController();
    const starting = { agent: this.#ensure(data, stop.signal), waiting: 0, stop };
    this.#starting.set(key, starting);
    return starting;
  }

  #forget(key: string, starting: Starting): void {
    this.#starting.delete(key);
    starting.stop.abort();
  }

  async #ensure(data: PodData, stop: AbortSignal): Promise<Agent> {
    const deadline = AbortSignal.timeout(startDeadlineMilliseconds);
    const signal = AbortSignal.any([deadline, stop]);
    try {
      const pod = await this.#pod(data, signal);
      const user = userOf(pod, data.container) ?? (await this.#probe(data, signal));
      return await this.#container(data, user, signal);
    } catch (cause) {
      if (deadline.aborted)
        throw new Failure('ephemeral-failed', { detail: 'it was not running after 30 s', cause });
      throw cause;
    }
  }

  async #probe(data: PodData, signal: AbortSignal): Promise<ProcessUser> {
    const agent = await this.#container(data, null, signal);
    const { stdout } = await this.#openAgent(data, agent).run({
      argv: ['cat', '/proc/1/status'],
      deadlineMs: 5_000,
      maxOutputBytes: 16_384,
      signal,
    });
    const user = userOfStatus(stdout.toString());
    if (user === null) throw new Failure('ephemeral-failed', { detail: 'the user of the JVM is unknown' });
    return user;
  }

  async #container(data: PodData, user: ProcessUser | null, signal: AbortSignal): Promise<Agent> {
    const prefix = namePrefix(data.containerId, user, this.#options.settings);
    const pod = await this.#pod(data, signal);
    const agent = usable(pod, prefix, Date.now());
    if (agent !== null) return agent;
    // A second one would wait for the same image, and neither could be removed.
    const name = pending(pod, prefix) ?? (await this.#add(data, pod, prefix, user, signal));
    return this.#running(data, name, signal);
  }

  async #add(
    data: PodData,
    pod: Pod,
    prefix: string,
    user: ProcessUser | null,
    signal: AbortSignal,
  ): Promise<string> {
    const name = nextName(pod, prefix);
    if (name === null)
      throw new Failure('ephemeral-failed', {
        detail: `${data.pod} has reached its limit of ephemeral containers, which cannot be removed; a new pod starts with none`,
      });
    const answer = await this.#options.api.send({
      method: 'PATCH',
      path: apiPath('api', 'v1', 'namespaces', data.namespace, 'pods', data.pod, 'ephemeralcontainers'),
      contentType: 'application/strategic-merge-patch+json',
      body: agentPatch(name, data.container, user, this.#options.settings),
      signal,
    });
    if (answer.status >= 300) throw new Failure('ephemeral-failed', { detail: statusMessage(answer) });
    return name;
  }

  async #running(data: PodData, name: string, signal: AbortSignal): Promise<Agent> {
    for (;;) {
      const now = await this.#pod(data, signal);
      const status = now.status.ephemeralContainerStatuses.find((each) => each.name === name);
      if (status?.state.running) return { name, containerId: status.containerID };
      const reason = status?.state.waiting?.reason ?? '';
      if (permanentReasons.has(reason))
        throw new Failure('ephemeral-failed', {
          detail: `${reason}: ${status?.state.waiting?.message ?? ''}`,
        });
      if (status?.state.terminated)
        throw new Failure('ephemeral-failed', {
          detail: `it ended at once: ${status.state.terminated.reason ?? ''}`,
        });
      await sleep(pollMilliseconds, undefined, { signal });
    }
  }

  async #pod(data: PodData, signal: AbortSignal): Promise<Pod> {
    const pod = await this.#options.cluster.podNow(data.namespace, data.pod, signal);
    if (pod === undefined || pod.metadata.uid !== data.uid)
      throw new Failure('target-gone', { detail: `pod ${data.pod} is gone` });
    return pod;
  }
}
