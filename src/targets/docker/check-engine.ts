import { z } from 'zod';
import { asFailure, describeReason, type Reason } from '../../reasons/failure.ts';
import type { CheckResult } from '../../captures/target.ts';
import { messageOf, type Engine } from './engine.ts';
import type { SecondContainerSettings } from './second-container.ts';

const versionSchema = z.object({ Version: z.string(), ApiVersion: z.string() });

const openSocket = 'open the socket (group docker); that right is as good as root on the host.';

/** For `doctor`: does the engine answer, who it is, and does it have the image of the second container. */
export async function checkEngine(
  engine: Engine,
  secondContainer: SecondContainerSettings | null,
  signal: AbortSignal,
): Promise<CheckResult> {
  const what = `Docker engine ${engine.name}`;
  try {
    const answer = await engine.ask('GET', '/version', { signal });
    const version = versionSchema.safeParse(answer.body);
    if (answer.status === 200 && version.success) {
      const { Version, ApiVersion } = version.data;
      const lacked = secondContainer !== null && !(await hasImage(engine, secondContainer.image, signal));
      return {
        what,
        ok: !lacked,
        detail: `${Version}, API ${ApiVersion}${lacked ? `, without the image ${secondContainer.image}` : ''}`,
        remedy: lacked ? `Pull it on the machine of the engine: docker pull ${secondContainer.image}` : '',
      };
    }
    return {
      what,
      ok: false,
      detail: messageOf(answer),
      remedy: 'Point the engine at a Docker Engine API, or at Podman’s socket.',
    };
  } catch (error) {
    const { reason } = asFailure(error);
    return {
      what,
      ok: false,
      detail: reason.detail,
      remedy: remedyFor(engine, reason),
    };
  }
}

async function hasImage(engine: Engine, image: string, signal: AbortSignal): Promise<boolean> {
  return (await engine.ask('GET', `/images/${image}/json`, { signal })).status === 200;
}

function remedyFor({ settings: { remote } }: Engine, reason: Reason): string {
  if (reason.code === 'exec-denied') return `Let the user of flamepin ${openSocket}`;
  if (reason.code === 'exec-unavailable' && remote !== undefined)
    return (
      `Log in by hand as the user of flamepin, which shows more: ssh -v ${remote.host}. If that works, let sshd forward ` +
      `Unix sockets (AllowStreamLocalForwarding), and let the user who logs in ${openSocket}`
    );
  return describeReason(reason).remedy;
}
