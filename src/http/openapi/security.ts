import type { ZodOpenApiComponentsObject, ZodOpenApiOperationObject } from 'zod-openapi';

export const securitySchemes: NonNullable<ZodOpenApiComponentsObject['securitySchemes']> = {
  sourceBearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'The `bearerTokenFile` of a source.',
  },
  sourceBasic: {
    type: 'http',
    scheme: 'basic',
    description: 'The `basic` user name and password of a source.',
  },
  sourceSignature: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Grafana-Alerting-Signature',
    description:
      'HMAC-SHA256 with the `hmacSecretFile` of a source, in lower-case hex: over the body, or over `<Unix seconds>:<body>` with `timestampHeader`. `signatureHeader` renames it.',
  },
  capturesToken: {
    type: 'http',
    scheme: 'bearer',
    description: 'The `access.capturesTokenFile`. Without one, these operations are turned off: 403.',
  },
  recordingsToken: {
    type: 'http',
    scheme: 'bearer',
    description: 'The `access.recordingsTokenFile`. Without one, recordings are not served: 403.',
  },
};

type Security = NonNullable<ZodOpenApiOperationObject['security']>;

/** Any of them, as the source is configured; a source with several asks for all of its own. */
export const anySource: Security = [{ sourceBearer: [] }, { sourceBasic: [] }, { sourceSignature: [] }];
export const capturesToken: Security = [{ capturesToken: [] }];
export const recordingsToken: Security = [{ recordingsToken: [] }];
