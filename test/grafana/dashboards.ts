/** What stands in the stand-in: a dashboard with a panel of every sort that a mark can meet. */
export const shopDashboard = {
  uid: 'shop',
  title: 'Shop',
  schemaVersion: 41,
  annotations: {
    list: [
      { builtIn: 1, datasource: { type: 'grafana', uid: '-- Grafana --' }, enable: true, type: 'dashboard' },
    ],
  },
  panels: [
    { id: 1, type: 'timeseries', title: 'Requests per second' },
    {
      id: 2,
      type: 'timeseries',
      title: 'Checkout latency, p99',
      targets: [
        { refId: 'A', expr: 'histogram_quantile(0.99, sum by (le) (rate(checkout_seconds_bucket[5m])))' },
      ],
    },
    { id: 3, type: 'stat', title: 'Error budget' },
    { id: 4, type: 'gauge', title: 'Heap' },
    { id: 5, type: 'table', title: 'Slowest routes' },
    {
      id: 6,
      type: 'row',
      title: 'Database',
      collapsed: true,
      panels: [
        {
          id: 7,
          type: 'heatmap',
          title: 'Query times',
          targets: [{ expr: 'rate(query_seconds_bucket[5m])' }],
        },
      ],
    },
    { id: 8, type: 'timeseries', title: 'CPU of $pod', repeat: 'pod' },
    { id: 9, title: 'Threads', libraryPanel: { uid: 'lib-threads', name: 'Threads' } },
  ],
};

/** The same in the schema of Grafana 12 and later. */
export const newDashboard = {
  uid: 'shop-v2',
  title: 'Shop, new schema',
  elements: {
    'panel-2': {
      kind: 'Panel',
      spec: {
        id: 2,
        title: 'Checkout latency, p99',
        vizConfig: { kind: 'VizConfig', group: 'timeseries' },
        data: {
          kind: 'QueryGroup',
          spec: {
            queries: [
              {
                kind: 'PanelQuery',
                spec: {
                  refId: 'A',
                  query: { kind: 'DataQuery', group: 'prometheus', spec: { expr: 'rate(errors_total[5m])' } },
                },
              },
            ],
          },
        },
      },
    },
    'panel-3': { kind: 'Panel', spec: { id: 3, title: 'Error budget', vizConfig: { kind: 'stat' } } },
    'panel-4': { kind: 'LibraryPanel', spec: { id: 4, title: 'Threads' } },
  },
};
