import { text as readAll } from 'node:stream/consumers';
import { request } from 'node:http';
import type { Response, Router } from 'express';

/** A rule that Grafana evaluates itself. */
export interface GivenRule {
  uid: string;
  title: string;
  folder: string;
  labels?: Record<string, string>;
  condition: string;
  data: readonly GivenQuery[];
  /** Only of a rule that records a series. */
  record?: { metric: string; from: string };
}

export interface GivenQuery {
  refId: string;
  datasourceUid: string;
  model: Record<string, unknown>;
}

export interface GivenDataSource {
  type: 'prometheus' | 'loki';
  url: string;
}

export interface AlertRuleRights {
  /** `alert.rules:read` in the folders of all rules. */
  readRules: boolean;
  /** `alert.provisioning:read`. */
  readProvisioning: boolean;
  /** `datasources:query` on all data sources. */
  queryDataSources: boolean;
}

/** What the plugin of Prometheus lets through as a POST: the routes of its plugin.json. */
const allowedPosts = ['query', 'query_range', 'series', 'labels', 'query_exemplars'].map(
  (name) => `api/v1/${name}`,
);

/**
 * The ruler, provisioning and the data source proxy, as Grafana's sources have them: what each answers, with which status
 * and under which right (pkg/services/ngalert/api, pkg/services/datasourceproxy, pkg/api/pluginproxy).
 */
export function addAlertRules(
  api: Router,
  given: {
    rules: readonly GivenRule[];
    dataSources: Readonly<Record<string, GivenDataSource>>;
    /** The ruler gives one rule by its uid. */
    byUid: () => boolean;
    rights: AlertRuleRights;
  },
): void {
  const { rules, dataSources, rights } = given;
  const lacks = (response: Response, right: string): void =>
    void response.status(403).json({
      title: 'Access denied',
      message: `You'll need additional permissions to perform this action. Permissions needed: ${right}`,
      accessErrorId: 'ACE0000000000',
    });

  api.get('/ruler/grafana/api/v1/rule/:uid', (request_, response, next) => {
    const rule = rules.find(({ uid }) => uid === request_.params.uid);
    if (!given.byUid()) next();
    else if (!rights.readRules) lacks(response, 'alert.rules:read');
    else if (rule === undefined) response.status(404).end();
    else response.json(rulerRule(rule));
  });

  api.get('/ruler/grafana/api/v1/rules', (_request, response) => {
    if (!rights.readRules) {
      lacks(response, 'alert.rules:read');
      return;
    }
    const folders: Record<string, unknown[]> = {};
    for (const rule of rules)
      (folders[rule.folder] ??= []).push({ name: rule.title, interval: '1m', rules: [rulerRule(rule)] });
    response.json(folders);
  });

  api.get('/v1/provisioning/alert-rules/:uid', (request_, response) => {
    const rule = rules.find(({ uid }) => uid === request_.params.uid);
    if (!rights.readProvisioning) lacks(response, 'alert.provisioning:read');
    else if (rule === undefined) response.status(404).json({ message: 'could not find alert rule' });
    else {
      const { uid, title, condition, labels, record } = rule;
      response.json({
        id: 1,
        uid,
        orgID: 1,
        folderUID: 'f1',
        ruleGroup: 'g1',
        title,
        condition,
        data: queriesOf(rule),
        updated: '2026-11-23T02:14:00Z',
        noDataState: 'NoData',
        execErrState: 'Error',
        for: '1m',
        ...(labels !== undefined && { labels }),
        isPaused: false,
        notification_settings: null,
        record: record ?? null,
      });
    }
  });

  api.all('/datasources/proxy/uid/:uid/{*path}', async (request_, response) => {
    const path = ([] as string[]).concat(request_.params['path'] ?? []).join('/');
    const uid = request_.params.uid;
    const source = Object.hasOwn(dataSources, uid) ? dataSources[uid] : undefined;
    if (!rights.queryDataSources) lacks(response, 'datasources:query');
    else if (!/^[A-Za-z0-9_-]{1,40}$/.test(uid)) response.status(400).json({ message: 'UID is invalid' });
    else if (source === undefined) response.status(404).json({ message: 'Unable to find data source' });
    else if (request_.method === 'POST' && source.type === 'prometheus' && !allowedPosts.includes(path))
      response
        .status(403)
        .json({ message: 'non allow-listed POSTs not allowed on proxied Prometheus datasource' });
    else await pass(`${source.url}/${path}`, request_.method, request_.headers, request_.body, response);
  });
}

/** The caller's credentials stay with Grafana; a 401 of the data source becomes a 400. */
async function pass(
  url: string,
  method: string,
  { 'content-type': contentType }: { 'content-type'?: string | undefined },
  body: unknown,
  response: Response,
): Promise<void> {
  const asked = request(url, {
    method,
    agent: false,
    headers: contentType === undefined ? {} : { 'content-type': contentType },
  });
  const answer = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    asked.on('error', reject);
    asked.on('response', (incoming) => {
      readAll(incoming).then((text) => {
        resolve({ status: incoming.statusCode ?? 0, text });
      }, reject);
    });
    asked.end(typeof body === 'string' ? body : '');
  });
  if (answer.status === 401) response.status(400).send('Authentication to data source failed');
  else response.status(answer.status).type('json').send(answer.text);
}

/** GettableExtendedRuleNode: `expr` is Prometheus' and empty here. */
const rulerRule = (rule: GivenRule) => ({
  expr: '',
  for: '1m',
  ...(rule.labels !== undefined && { labels: rule.labels }),
  grafana_alert: {
    id: 1,
    orgId: 1,
    title: rule.title,
    condition: rule.condition,
    data: queriesOf(rule),
    updated: '2026-11-23T02:14:00Z',
    intervalSeconds: 60,
    version: 1,
    uid: rule.uid,
    namespace_uid: 'f1',
    rule_group: 'g1',
    no_data_state: 'NoData',
    exec_err_state: 'Error',
    is_paused: false,
    ...(rule.record !== undefined && { record: rule.record }),
  },
});

const queriesOf = ({ data }: GivenRule) =>
  data.map(({ refId, datasourceUid, model }) => ({
    refId,
    queryType: '',
    relativeTimeRange: datasourceUid === '__expr__' ? { from: 0, to: 0 } : { from: 600, to: 0 },
    datasourceUid,
    model: { refId, intervalMs: 1000, maxDataPoints: 43_200, hide: false, ...model },
  }));
