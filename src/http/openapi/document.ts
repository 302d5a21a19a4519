import { createDocument, type ZodOpenApiPathsObject } from 'zod-openapi';
import { fitSchema } from './fit-schema.ts';
import { alertPaths } from './alert-paths.ts';
import { artifactPaths } from './artifact-paths.ts';
import { capturePaths } from './capture-paths.ts';
import { controlPaths } from './control-paths.ts';
import { healthPaths } from './health-paths.ts';
import { pageFilePaths } from './page-file-paths.ts';
import { webhookPaths } from './webhook-paths.ts';
import { securitySchemes } from './security.ts';

type Document = ReturnType<typeof createDocument>;

const paths: ZodOpenApiPathsObject = {
  ...webhookPaths,
  ...alertPaths,
  ...capturePaths,
  ...artifactPaths,
  ...controlPaths,
  ...healthPaths,
  ...pageFilePaths,
};

/**
 * flamepin's HTTP interface as OpenAPI 3.1. Schemas are those that the routes read and answer with; the paths say what
 * is around them. A new route gets its entry in the file of its subject beside this one: a test misses it there.
 */
export function openApiDocument(version: string): Document {
  return createDocument(
    {
      openapi: '3.1.1',
      info: {
        title: 'flamepin',
        version,
        summary: 'Turns an alert into a flame graph of the JVM behind it.',
        description,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/', description: 'The server that serves this document.' }],
      tags: [
        { name: 'webhooks', description: 'Incoming notifications.' },
        { name: 'captures', description: 'What was profiled, and why not.' },
        { name: 'artifacts', description: 'Flame graphs, and what they are made from.' },
        { name: 'control', description: 'For operators.' },
        { name: 'health', description: 'For Kubernetes, Prometheus and tools.' },
        { name: 'page files', description: 'Scripts, styles and icon of the pages. May change at any time.' },
      ],
      security: [],
      components: { securitySchemes },
      paths,
    },
    { override: fitSchema },
  );
}

const description = `\
Addresses that people open answer with a page; send \`Accept: application/json\` for data. A problem is
\`application/problem+json\` (RFC 9457), or a page for a browser. \`error\` is a code that programs can rely on; \`remedy\`
says what to do.

Every address answers 405 with \`Allow\` to methods it does not have, 400 to a path that cannot be decoded or to several
\`Host\` headers, and, except for health, 421 to a \`Host\` that is not its own.
\`HEAD\` works wherever \`GET\` does. Anything that reads or writes the ledger may answer 503: try again later.`;
