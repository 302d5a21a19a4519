import { z } from 'zod';
import { asFailure, describeReason } from '../../reasons/failure.ts';
import type { CheckResult } from '../../captures/target.ts';
import { messageOf, type Engine } from './engine.ts';

const versionSchema = z.object({ Version: z.string(), ApiVersion: z.string() });

/** For `doctor`: does the engine answer, and who it is. */
export async function checkEngine(engine: Engine, signal: AbortSignal): Promise<CheckResult> {
  const what = `Docker engine ${engine.name}`;
  try {
    const answer = await engine.ask('GET', '/version', { signal });
    const version = versionSchema.safeParse(answer.body);
    if (answer.status === 200 && version.success)
      return {
        what,
        ok: true,
        detail: `${version.data.Version}, API ${version.data.ApiVersion}`,
        remedy: '',
      };
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
      remedy:
        reason.code === 'exec-denied'
          ? 'Let the user of flamepin open the socket (group docker); that right is as good as root on the host.'
          : describeReason(reason).remedy,
    };
  }
}
