import type { Capture } from '../capture.ts';
import type { TargetRequest } from '../target.ts';
import { timed } from './timed.ts';
import type { WindowContext } from './window-parts.ts';

/** Labels → target. The target of a sibling was chosen when its capture was queued. */
export async function resolveTarget(
  capture: Capture,
  { targets: targetsOf, observer, signal }: Pick<WindowContext, 'targets' | 'observer' | 'signal'>,
): Promise<Capture> {
  const targets = await targetsOf(capture.request.target.kind);
  const target =
    capture.target ??
    (await timed(observer, 'resolve', () => targets.resolve(targetRequest(capture), signal)));
  return { ...capture, target };
}

/** What a capture asks the targets for. */
export function targetRequest({ alert, request }: Pick<Capture, 'alert' | 'request'>): TargetRequest {
  const { process, uri, fixed } = request.target;
  return {
    labels: alert.labels,
    startsAt: alert.startsAt,
    generatorUrl: alert.generatorUrl,
    ...(process === null ? {} : { process }),
    ...(uri === null ? {} : { uri }),
    ...(fixed === undefined ? {} : { fixed }),
  };
}
