import type { Annotator } from '../captures/annotator.ts';
import type { Configuration } from '../config/load.ts';
import type { SignLink } from './open-store.ts';
import { profilerLinks } from './profiler-links.ts';

/** The configured annotator; null when there is no Grafana, or no token for it. */
export async function openAnnotator(
  configuration: Configuration,
  signLink: SignLink | undefined,
): Promise<Annotator | null> {
  const { grafana, secrets, server } = configuration;
  const token = secrets.grafanaToken;
  if (grafana === undefined || token === null) return null;
  const { grafanaAnnotator } = await import('../annotations/grafana.ts');
  return grafanaAnnotator({
    url: grafana.url,
    token: () => Promise.resolve(token.read()),
    publicUrl: server.publicUrl ?? null,
    signedLink: signLink,
    profilerLinks: (capture) => profilerLinks(capture, configuration),
    organizationMarks: grafana.organizationMarks,
  });
}
