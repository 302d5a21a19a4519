import { Failure } from '../reasons/failure.ts';

/** What stands before `://` in the address of a target. Without zod, so that the command line can load it. */
export const targetKinds = ['host', 'kubernetes', 'docker', 'ssh'] as const;
export type TargetKind = (typeof targetKinds)[number];

/** Kinds that have an adapter in this version; the names of the others are known, and refused with their reason. */
export const supportedKinds: readonly TargetKind[] = ['host', 'kubernetes'];

/** `host://4711` → host. Throws Failure `target-not-found` for any other scheme. */
export function kindOfUri(uri: string): TargetKind {
  const kind = targetKinds.find((known) => uri.startsWith(`${known}://`));
  if (kind === undefined)
    throw new Failure('target-not-found', {
      detail: `${uri} begins with none of ${supportedKinds.map((known) => `${known}://`).join(', ')}`,
    });
  return kind;
}
