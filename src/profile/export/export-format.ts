/** Forms in which other tools take a profile. */
export const exportFormats = ['pprof', 'speedscope', 'grafana'] as const;
export type ExportFormat = (typeof exportFormats)[number];
