import type { CreateDocumentOptions } from 'zod-openapi';

type Override = NonNullable<CreateDocumentOptions['override']>;

/**
 * What zod and OpenAPI see differently. A field with `.catch()` reads any value, a missing one too: senders need not
 * send it, and its fallback is nothing that they could know.
 */
export const fitSchema: Override = ({ zodSchema, jsonSchema, io }) => {
  const { def } = zodSchema._zod;
  if (io !== 'input') return;
  if (def.type === 'catch') delete jsonSchema.default;
  if (def.type !== 'object' || jsonSchema.required === undefined) return;
  jsonSchema.required = jsonSchema.required.filter((name) => def.shape[name]?._zod.def.type !== 'catch');
};
