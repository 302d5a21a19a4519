import express, { type Request, type Response } from 'express';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { addAlertRules, type AlertRuleRights, type GivenDataSource, type GivenRule } from './alert-rules.ts';
import { AnnotationTable, type Mark } from './annotation-table.ts';
import { newDashboard, shopDashboard } from './dashboards.ts';
import { panelPage, panelScript } from './panel-page.ts';

export type { Mark } from './annotation-table.ts';

/** What the service account may do. Taken away, the real one answers 403. */
export interface Rights extends AlertRuleRights {
  readDashboards: boolean;
  readAnnotations: boolean;
  /** Create, change and delete marks on dashboards: Edit on the dashboard or its folder. */
  writeAnnotations: boolean;
  /** `annotations:type:organization`: marks that belong to no dashboard. */
  organizationAnnotations: boolean;
}

export interface Grafana {
  url: string;
  token: string;
  /** Page with one panel and its marks, as a person opens it. */
  panelUrl(dashboardUid: string, panelId: number, range: '1h' | '6h' | '24h'): string;
  /** All marks, oldest first. */
  annotations(): Mark[];
  /** What was asked, as `POST /api/annotations`. */
  readonly requests: readonly string[];
  /** Refuses connections, as while it restarts; what it holds stays. */
  setDown(down: boolean): Promise<void>;
  setRights(rights: Partial<Rights>): void;
  /** The next `count` calls of the API are done, but their answers get lost. */
  loseAnswers(count: number): void;
  /** The next `count` calls of the API are never answered. */
  hang(count: number): void;
  removeDashboard(uid: string): void;
  /** Whether the ruler gives one rule by its uid, as newer versions do. Default true. */
  setRuleByUid(known: boolean): void;
  /** What its own Alertmanager lists as firing. */
  setAlerts(alerts: readonly unknown[]): void;
  close(): Promise<void>;
}

export interface GrafanaStart {
  port?: number;
  token?: string;
  /** Rules that it evaluates itself. Default: none. */
  rules?: readonly GivenRule[];
  /** By uid. Default: none. */
  dataSources?: Readonly<Record<string, GivenDataSource>>;
}

/** Numbers that Go's JSON reader takes as int64: no strings, no fractions. */
const whole = z
  .number()
  .int()
  .nullish()
  .transform((value) => value ?? 0);
const tagList = z
  .array(z.string())
  .nullish()
  .transform((value) => value ?? null);
const bodySchema = z.object({
  text: z
    .string()
    .nullish()
    .transform((value) => value ?? ''),
  dashboardUID: z
    .string()
    .nullish()
    .transform((value) => value ?? ''),
  dashboardId: whole,
  panelId: whole,
  time: whole,
  timeEnd: whole,
  tags: tagList,
});

/**
 * A stand-in for Grafana, of which no server can be had from the package registries: the older annotations API and
 * the lookup of dashboards, with what the real one refuses and with what it silently loses (read from its sources,
 * versions 10 to 13), and a page that draws marks as its time series panel does, texts through its own sanitiser.
 */
export async function startGrafana({
  port = 0,
  token = 'glsa_stand-in',
  rules = [],
  dataSources = {},
}: GrafanaStart = {}): Promise<Grafana> {
  const table = new AnnotationTable();
  const dashboards = new Map<string, unknown>(
    [shopDashboard, newDashboard].map((dashboard) => [dashboard.uid, dashboard]),
  );
  const requests: string[] = [];
  const rights: Rights = {
    readDashboards: true,
    readAnnotations: true,
    writeAnnotations: true,
    organizationAnnotations: false,
    readRules: true,
    readProvisioning: true,
    queryDataSources: true,
  };
  let ruleByUid = true;
  let alerts: readonly unknown[] = [];
  let toLose = 0;
  let toHang = 0;

  const app = express();
  app.disable('x-powered-by');
  app.get('/d/:uid{/:slug}', (_request, response) => {
    response.cookie('grafana_session', token, { httpOnly: true }).type('html').send(panelPage);
  });
  app.get('/panel.js', async (_request, response) => {
    response.type('js').send(await panelScript());
  });

  const api = express.Router();
  api.use((request, response, next) => {
    requests.push(`${request.method} /api${request.path}`);
    if (toHang > 0) {
      toHang -= 1;
      return;
    }
    if (toLose > 0) {
      toLose -= 1;
      response.end = () => {
        request.socket.destroy();
        return response;
      };
    }
    if (request.path === '/health') {
      response.json({ database: 'ok', version: '11.6.0' });
      return;
    }
    const session = request.headers.cookie?.includes(`grafana_session=${encodeURIComponent(token)}`) === true;
    if (request.headers.authorization !== `Bearer ${token}` && !session) {
      say(response, 401, 'Unauthorized');
      return;
    }
    next();
  });
  api.use(express.text({ type: () => true, limit: '1mb' }));

  api.get('/dashboards/uid/:uid', (request, response) => {
    const dashboard = dashboards.get(request.params.uid);
    if (!rights.readDashboards)
      say(
        response,
        403,
        "You'll need additional permissions to perform this action. Permissions needed: dashboards:read",
      );
    else if (dashboard === undefined) say(response, 404, 'Dashboard not found');
    else {
      const actions = {
        canAdd: rights.writeAnnotations,
        canEdit: rights.writeAnnotations,
        canDelete: rights.writeAnnotations,
      };
      const meta = {
        slug: request.params.uid,
        canEdit: rights.writeAnnotations,
        annotationsPermissions: { dashboard: actions },
      };
      response.json({ meta, dashboard });
    }
  });

  // Dashboards that the account may not read are left out; without the right at all the list is empty.
  api.get('/search', (request, response) => {
    const { type, limit } = request.query;
    const found = rights.readDashboards && type === 'dash-db' ? [...dashboards.keys()] : [];
    response.json(
      found.slice(0, Number(limit ?? 1000)).map((uid) => ({ uid, type: 'dash-db', url: `/d/${uid}` })),
    );
  });

  api.get('/alertmanager/grafana/api/v2/alerts', (_request, response) => {
    response.json(alerts);
  });

  api.get('/annotations', (request, response) => {
    if (!rights.readAnnotations) {
      say(
        response,
        403,
        "You'll need additional permissions to perform this action. Permissions needed: annotations:read",
      );
      return;
    }
    const query = new URL(request.url, 'http://localhost').searchParams;
    const uid = query.get('dashboardUID') ?? undefined;
    if (uid !== undefined && !dashboards.has(uid)) {
      say(response, 400, 'Invalid dashboard UID in annotation request');
      return;
    }
    const number = (name: string) => Number.parseInt(query.get(name) ?? '0', 10) || 0;
    const found =
      query.get('type') === 'alert'
        ? []
        : table.find({
            from: number('from'),
            to: number('to'),
            dashboardUID: uid,
            panelId: number('panelId'),
            tags: query.getAll('tags'),
            matchAny: query.get('matchAny') === 'true',
            limit: number('limit'),
          });
    response.json(found.map(asAnswer));
  });

  api.post('/annotations', (request, response) => {
    const body = readBody(request);
    if (body === undefined) {
      say(response, 400, 'bad request data');
      return;
    }
    if (body.text === '') {
      say(response, 400, 'Failed to save annotation');
      return;
    }
    // The lookup's error is swallowed: the mark is then tried as one of the organization.
    const uid = dashboards.has(body.dashboardUID) ? body.dashboardUID : null;
    if (uid === null ? !rights.organizationAnnotations : !rights.writeAnnotations) {
      say(response, 403, 'Access denied to this dashboard');
      return;
    }
    const { time, timeEnd, text, panelId, tags } = body;
    const id = table.add({ dashboardUID: uid, panelId, time, timeEnd, text }, tags ?? []);
    if (typeof id === 'number') response.json({ message: 'Annotation added', id });
    else sayTags(response, id);
  });

  api.get('/annotations/:id', (request, response) => {
    const mark = table.get(Number(request.params.id));
    if (!rights.readAnnotations) say(response, 403, 'Access denied');
    else if (mark === undefined) say(response, 404, 'Annotation not found');
    else response.json(asAnswer(mark));
  });

  api.patch('/annotations/:id', (request, response) => {
    const id = Number(request.params.id);
    const body = readBody(request);
    if (body === undefined) say(response, 400, 'bad request data');
    else if (table.get(id) === undefined) say(response, 404, 'Annotation not found');
    else if (!mayChange(table.get(id))) say(response, 403, 'Access denied to this dashboard');
    else {
      const result = table.change(id, body);
      if (result === 'changed') response.json({ message: 'Annotation patched' });
      else if (result !== 'missing') sayTags(response, result);
    }
  });

  api.put('/annotations/:id', (request, response) => {
    const id = Number(request.params.id);
    const body = readBody(request);
    if (body === undefined) say(response, 400, 'bad request data');
    else if (table.get(id) === undefined) say(response, 404, 'Annotation not found');
    else if (!mayChange(table.get(id))) say(response, 403, 'Access denied to this dashboard');
    else if (body.text === '') say(response, 500, 'Failed to update annotation');
    else {
      const result = table.change(id, { ...body, tags: body.tags ?? [] });
      if (result === 'changed') response.json({ message: 'Annotation updated' });
      else if (result !== 'missing') sayTags(response, result);
    }
  });

  api.delete('/annotations/:id', (request, response) => {
    const id = Number(request.params.id);
    if (table.get(id) === undefined) say(response, 404, 'Annotation not found');
    else if (!mayChange(table.get(id))) say(response, 403, 'Access denied to this dashboard');
    else {
      table.remove(id);
      response.json({ message: 'Annotation deleted' });
    }
  });
  const mayChange = (mark: Mark | undefined) =>
    mark?.dashboardUID === null ? rights.organizationAnnotations : rights.writeAnnotations;

  addAlertRules(api, { rules, dataSources, byUid: () => ruleByUid, rights });

  app.use('/api', api);
  app.use((_request, response) => say(response, 404, 'Not found'));

  let server = await listen(app, port);
  const fixedPort = (server.address() as AddressInfo).port;
  const url = `http://127.0.0.1:${fixedPort}`;
  return {
    url,
    token,
    panelUrl: (uid, panelId, range) =>
      `${url}/d/${uid}/panel?viewPanel=panel-${panelId}&from=now-${range}&to=now`,
    annotations: () => table.all(),
    requests,
    async setDown(down) {
      if (down) await stop(server);
      else if (!server.listening) server = await listen(app, fixedPort);
    },
    setRights: (changed) => Object.assign(rights, changed),
    loseAnswers: (count) => (toLose = count),
    hang: (count) => (toHang = count),
    setRuleByUid: (known) => (ruleByUid = known),
    removeDashboard: (uid) => dashboards.delete(uid),
    setAlerts: (listed) => {
      alerts = listed;
    },
    close: () => stop(server),
  };
}

/**
 * JSON whatever the header says is refused; a form is taken, and all but text and tags is lost (grafana#23246).
 */
function readBody(request: Request): z.infer<typeof bodySchema> | undefined {
  const raw = typeof request.body === 'string' ? request.body : '';
  if (request.is('application/x-www-form-urlencoded') !== false) {
    const form = new URLSearchParams(raw);
    return bodySchema.parse({ text: form.get('text'), tags: form.getAll('tags') });
  }
  if (request.is('application/json') === false) return undefined;
  try {
    return bodySchema.safeParse(JSON.parse(raw)).data;
  } catch {
    return undefined;
  }
}

const asAnswer = (mark: Mark) => ({
  ...mark,
  alertId: 0,
  alertName: '',
  dashboardId: mark.dashboardUID === null ? 0 : 1,
  userId: 0,
  newState: '',
  prevState: '',
  login: 'sa-1-flamepin',
  email: '',
  avatarUrl: '',
  data: {},
});

function say(response: Response, status: number, message: string): void {
  response.status(status).json({ message });
}

function sayTags(response: Response, problem: 'tag-limit' | 'tag-too-long'): void {
  if (problem === 'tag-too-long') say(response, 500, 'Failed to save annotation');
  else
    response.status(400).json({
      message: 'Tags length exceeds the maximum allowed',
      messageId: 'annotations.tag-limit-exceeded',
      statusCode: 400,
    });
}

function listen(app: express.Express, port: number): Promise<Server> {
  const server = createServer(app);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function stop(server: Server): Promise<void> {
  if (!server.listening) return Promise.resolve();
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
