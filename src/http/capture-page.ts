import type { Capture } from '../captures/capture.ts';
import { captureView } from '../captures/analysis/capture-view.ts';
import { isFinal } from '../captures/outcome.ts';
import { captureMain } from '../flamegraph/page-shell.ts';
import type { ProfileSource, View } from '../flamegraph/view.ts';
import type { Link } from '../profile/link.ts';
import { page } from './layout.ts';

interface CapturePageOptions {
  applicationPackages: readonly string[];
  /** Besides those to its own files. */
  otherLinks: readonly Link[];
  /** Opens compared with the capture that its answer names. */
  opensAsDifference: boolean;
  panelUrl: string | null;
}

/** One capture, whatever its state; with its picture once there is one. */
export function capturePage(
  capture: Capture,
  { applicationPackages, otherLinks, opensAsDifference, panelUrl }: CapturePageOptions,
): string {
  const view: View = {
    ...captureView(capture, { base: '', applicationPackages, otherLinks, panelUrl }),
    opensAsDifference,
    staticPicture: staticPicture(capture),
  };
  const source = profileSource(capture);
  return page({
    title: `${view.headline} · ${view.title}`,
    main: captureMain(source === null ? { ...view, window: null } : view, source),
    profileHref: source?.profileHref ?? null,
    follows: !isFinal(capture),
  });
}

/** null while there is no profile yet, or none any more. */
function profileSource(capture: Capture): ProfileSource | null {
  if (!capture.artifacts.some(({ name }) => name === 'profile.json')) return null;
  const base = capture.answer?.comparedWith?.captureId;
  return {
    profileHref: `/captures/${capture.id}/profile.json`,
    baseHref: base === undefined ? null : `/captures/${base}/profile.json`,
  };
}

/** For readers without script. */
function staticPicture({ id, artifacts, request }: Capture): string | null {
  const made = artifacts.some(
    ({ name, event }) => name === 'flamegraph.svg' && (event ?? request.event) === request.event,
  );
  return made ? `/captures/${id}/flamegraph.svg?event=${request.event}` : null;
}
