import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { compileMatchers } from '../../src/routing/matchers.ts';

/**
 * What Grafana's provisioning takes, as far as the example goes. Sources: the Go module
 * github.com/grafana/grafana-openapi-client-go of 2026-03-30, models EmbeddedContactPoint, ContactPointExport,
 * ReceiverExport, RouteExport and NotificationTemplate; for the settings, Grafana's WebhookIntegration, HMACConfig
 * and SlackIntegration (pkg/services/ngalert/api/tooling/definitions/contact_points.go). Strict: Grafana ignores
 * keys that it does not know, which is how a misspelt one would pass.
 */
const receiver = {
  uid: z.string().regex(/^[A-Za-z0-9_-]{1,40}$/),
  disableResolveMessage: z.boolean().optional(),
};
const webhookSettings = z.strictObject({
  url: z.url(),
  httpMethod: z.enum(['POST', 'PUT']).optional(),
  // A JSON number in newer versions, a text in older ones: only the text suits both.
  maxAlerts: z.string().regex(/^\d+$/).optional(),
  authorization_scheme: z.string().optional(),
  authorization_credentials: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  title: z.string().optional(),
  message: z.string().optional(),
  tlsConfig: z.record(z.string(), z.unknown()).optional(),
  hmacConfig: z
    .strictObject({ secret: z.string(), header: z.string(), timestampHeader: z.string().optional() })
    .optional(),
});
const slackSettings = z.strictObject({
  url: z.string().optional(),
  token: z.string().optional(),
  recipient: z.string().optional(),
  username: z.string().optional(),
  title: z.string().optional(),
  text: z.string().optional(),
});
const receiverSchema = z.discriminatedUnion('type', [
  z.strictObject({ ...receiver, type: z.literal('webhook'), settings: webhookSettings }),
  z.strictObject({ ...receiver, type: z.literal('slack'), settings: slackSettings }),
]);
const duration = z.string().regex(/^\d+[smh]$/);
const routeSchema = z.strictObject({
  receiver: z.string(),
  group_by: z.array(z.string()).optional(),
  object_matchers: z.array(z.tuple([z.string(), z.enum(['=', '!=', '=~', '!~']), z.string()])).optional(),
  continue: z.boolean().optional(),
  group_wait: duration.optional(),
  group_interval: duration.optional(),
  repeat_interval: duration.optional(),
  mute_time_intervals: z.array(z.string()).optional(),
});
const provisioningSchema = z.strictObject({
  apiVersion: z.literal(1),
  contactPoints: z.array(
    z.strictObject({ orgId: z.int(), name: z.string(), receivers: z.array(receiverSchema).min(1) }),
  ),
  templates: z.array(z.strictObject({ orgId: z.int(), name: z.string(), template: z.string() })),
  policies: z.array(z.strictObject({ ...routeSchema.shape, orgId: z.int(), routes: z.array(routeSchema) })),
});

describe('the contact point for Grafana’s own alerting', () => {
  const path = join(import.meta.dirname, '..', '..', 'deploy', 'grafana', 'contact-point.yaml');
  const { contactPoints, templates, policies } = provisioningSchema.parse(parse(readFileSync(path, 'utf8')));

  it('names only receivers and templates that are in the file', () => {
    const receivers = contactPoints.map(({ name }) => name);
    for (const { receiver, routes } of policies)
      for (const name of [receiver, ...routes.map((route) => route.receiver)])
        assert.ok(receivers.includes(name), name);
    const defined = templates.flatMap(({ template }) =>
      Array.from(template.matchAll(/\{\{ define "([^"]+)" \}\}/g), ([, name]) => name),
    );
    const used = Array.from(
      JSON.stringify(contactPoints).matchAll(/template \\"([^"\\]+)\\"/g),
      ([, name]) => name,
    );
    assert.ok(used.length > 0);
    assert.deepEqual(
      used.filter((name) => !defined.includes(name)),
      [],
    );
  });

  it('tells flamepin first and at once, and pages as before', () => {
    const [policy] = policies;
    const [first, ...others] = policy?.routes ?? [];
    assert.deepEqual([first?.receiver, first?.continue, first?.group_wait], ['flamepin', true, '0s']);
    assert.ok(others.some(({ object_matchers: matchers }) => matchers === undefined));
    for (const [name, operator, value] of first?.object_matchers ?? [])
      assert.equal(compileMatchers(`${name}${operator}${JSON.stringify(value)}`).length, 1);
  });

  it('sends what flamepin’s own defaults check: signature, its time, and no secret in the file', () => {
    const settings = contactPoints[0]?.receivers[0];
    assert.ok(settings?.type === 'webhook');
    assert.match(settings.settings.url, /\/webhooks\/grafana$/);
    assert.equal(settings.settings.hmacConfig?.header, 'X-Grafana-Alerting-Signature');
    assert.match(settings.settings.hmacConfig?.secret ?? '', /^\$__file\{.+\}$/);
  });
});
