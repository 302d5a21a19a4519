import { z } from 'zod';

/** What a dashboard says of one of its panels, as far as marks are concerned. */
export interface PanelSeen {
  title: string;
  /** Panel type: `timeseries`, `stat`, …; '' when the dashboard does not say (library panels). */
  type: string;
  /** False for types that draw no marks; the mark then goes to the whole dashboard. */
  drawsMarks: boolean;
  /** Drawn once per value of a variable: the mark shows on every copy (since Grafana 11.3, grafana#97824). */
  repeated: boolean;
}

/** Types that draw marks (Grafana's documentation; heatmap and status history since #78773 and #99480; graph before 8). */
const drawingTypes = new Set([
  'timeseries',
  'graph',
  'state-timeline',
  'status-history',
  'candlestick',
  'heatmap',
  'trend',
]);

const classicPanelSchema = z.object({
  id: z.number().int().nullish(),
  title: z.string().nullish(),
  type: z.string().nullish(),
  repeat: z.string().nullish(),
  libraryPanel: z.unknown().optional(),
  panels: z.array(z.unknown()).nullish(),
});

const classicSchema = z.object({
  panels: z.array(z.unknown()).nullish(),
  /** Before Grafana 5. */
  rows: z.array(z.object({ panels: z.array(z.unknown()).nullish() })).nullish(),
  annotations: z.object({ list: z.array(z.unknown()).nullish() }).nullish(),
});

/** Dashboards of schema 2: panels by name, `kind` Panel or LibraryPanel. */
const elementSchema = z.object({
  kind: z.string(),
  spec: z.object({
    id: z.number().int(),
    title: z.string().nullish(),
    vizConfig: z.object({ kind: z.string().nullish(), group: z.string().nullish() }).nullish(),
  }),
});
const elementsSchema = z.object({ elements: z.record(z.string(), z.unknown()) });

/** The panel with this id, also in collapsed rows; undefined when there is none. */
export function findPanel(dashboard: unknown, panelId: number): PanelSeen | undefined {
  const elements = elementsSchema.safeParse(dashboard);
  if (elements.success) {
    for (const value of Object.values(elements.data.elements)) {
      const { data } = elementSchema.safeParse(value);
      if (data?.spec.id !== panelId) continue;
      const type = data.spec.vizConfig?.group ?? data.spec.vizConfig?.kind ?? '';
      return seen(data.spec.title ?? '', data.kind === 'LibraryPanel' ? '' : type, false);
    }
    return undefined;
  }
  const classic = classicSchema.safeParse(dashboard);
  if (!classic.success) return undefined;
  const waiting = [
    ...(classic.data.panels ?? []),
    ...(classic.data.rows ?? []).flatMap((row) => row.panels ?? []),
  ];
  for (const value of waiting) {
    const { data } = classicPanelSchema.safeParse(value);
    if (data === undefined) continue;
    // Collapsed rows hold their panels; the list grows while it is walked.
    waiting.push(...(data.panels ?? []));
    if (data.id !== panelId || data.type === 'row') continue;
    const type = data.libraryPanel === undefined ? (data.type ?? '') : '';
    return seen(data.title ?? '', type, (data.repeat ?? '') !== '');
  }
  return undefined;
}

const seen = (title: string, type: string, repeated: boolean): PanelSeen => ({
  title,
  type,
  drawsMarks: type === '' || drawingTypes.has(type),
  repeated,
});

/** A panel's query, for finding the panel whose query an alert's rule has. */
export interface QuerySeen {
  panelId: number;
  title: string;
  expression: string;
}

const queriesSchema = z.object({
  id: z.number().int(),
  title: z.string().nullish(),
  targets: z.array(z.unknown()),
});
const newQueriesSchema = z.object({
  spec: z.object({
    id: z.number().int(),
    title: z.string().nullish(),
    data: z.object({ spec: z.object({ queries: z.array(z.unknown()) }) }),
  }),
});
const expressionSchema = z.object({ expr: z.string().min(1) });
/** Since schema 2 the data source's own fields are in `spec.query.spec`. */
const newExpressionSchema = z.object({
  spec: z.object({ query: z.object({ spec: expressionSchema }) }),
});

/** The Prometheus queries of all panels, also in collapsed rows; library panels keep theirs elsewhere. */
export function queriesOf(dashboard: unknown): QuerySeen[] {
  const elements = elementsSchema.safeParse(dashboard);
  if (elements.success)
    return Object.values(elements.data.elements).flatMap((value) => {
      const { data } = newQueriesSchema.safeParse(value);
      return (data?.spec.data.spec.queries ?? []).flatMap((query) =>
        seenQuery(
          data?.spec.id,
          data?.spec.title,
          newExpressionSchema.safeParse(query).data?.spec.query.spec,
        ),
      );
    });
  const { data: classic } = classicSchema.safeParse(dashboard);
  const waiting = [...(classic?.panels ?? []), ...(classic?.rows ?? []).flatMap((row) => row.panels ?? [])];
  const found: QuerySeen[] = [];
  for (const value of waiting) {
    waiting.push(...(classicPanelSchema.safeParse(value).data?.panels ?? []));
    const { data } = queriesSchema.safeParse(value);
    for (const target of data?.targets ?? [])
      found.push(...seenQuery(data?.id, data?.title, expressionSchema.safeParse(target).data));
  }
  return found;
}

function seenQuery(
  panelId: number | undefined,
  title: string | null | undefined,
  query: { expr: string } | undefined,
): QuerySeen[] {
  return panelId === undefined || query === undefined
    ? []
    : [{ panelId, title: title ?? '', expression: query.expr }];
}

/** Whether the dashboard shows its own marks at all: the built-in query can be switched off or hidden. */
export function showsMarks(dashboard: unknown): boolean {
  const { data } = classicSchema.safeParse(dashboard);
  const query = z.object({ builtIn: z.union([z.number(), z.boolean()]), enable: z.boolean().nullish() });
  return (data?.annotations?.list ?? []).every((entry) => {
    const builtIn = query.safeParse(entry);
    return !builtIn.success || !builtIn.data.builtIn || builtIn.data.enable !== false;
  });
}
