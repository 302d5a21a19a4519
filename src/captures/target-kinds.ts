import { Failure } from '../reasons/failure.ts';

/** The schemes of target addresses. Apart from the schema, so that the command line starts without zod. */
export const targetKinds = ['host', 'kubernetes', 'docker', 'ssh'] as const;
export type TargetKind = (typeof targetKinds)[number];

/** How a target of each kind is written by hand, and what fits that; the adapters read the groups. */
export const addresses: Readonly<Record<TargetKind, { form: string; pattern: RegExp }>> = {
  host: { form: 'host://[pid]', pattern: /^host:\/\/(\d{1,10})?\/?$/ },
  kubernetes: {
    form: 'kubernetes://[context/]namespace/pod[/container]',
    pattern: /^kubernetes:\/\/([^/]+(?:\/[^/]+){1,3})$/,
  },
  docker: {
    form: 'docker://[engine/]container',
    pattern: /^docker:\/\/(?:([a-z0-9][a-z0-9-]*)\/)?([A-Za-z0-9][A-Za-z0-9_.-]*)\/?$/,
  },
  // Nothing in it begins with a hyphen, which ssh could take for an option.
  ssh: {
    form: 'ssh://[user@]host[:port][/pid]',
    pattern:
      /^ssh:\/\/(?:([A-Za-z0-9_][A-Za-z0-9_.-]{0,63})@)?(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?))(?::(\d{1,5}))?(?:\/(\d{1,10}))?\/?$/,
  },
};

/** The forms of all kinds, in words. */
export const addressForms = targetKinds.map((kind) => addresses[kind].form).join(', ');

/** `host://4711` → host. Throws Failure `target-not-found` for any other scheme. */
export function kindOfUri(uri: string): TargetKind {
  const kind = targetKinds.find((known) => uri.startsWith(`${known}://`));
  if (kind === undefined)
    throw new Failure('target-not-found', {
      detail: `${uri} begins with none of ${targetKinds.map((known) => `${known}://`).join(', ')}`,
    });
  return kind;
}
