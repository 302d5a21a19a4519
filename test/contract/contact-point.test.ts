import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { allMatch, compileMatchers } from '../../src/routing/matchers.ts';

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
const routesSchema = z.tuple([
  z.strictObject({
    receiver: z.literal('flamepin'),
    object_matchers: z.tuple([z.tuple([z.string(), z.enum(['=', '!=', '=~', '!~']), z.string()])]),
    continue: z.boolean(),
    group_wait: z.string(),
    group_interval: z.string(),
  }),
]);
const provisioningSchema = z.strictObject({
  apiVersion: z.literal(1),
  contactPoints: z.array(
    z.strictObject({ orgId: z.int(), name: z.string(), receivers: z.array(receiverSchema).min(1) }),
  ),
  templates: z.array(z.strictObject({ orgId: z.int(), name: z.string(), template: z.string() })),
});

describe('the contact point for Grafana’s own alerting', () => {
  const root = join(import.meta.dirname, '..', '..');
  const written: unknown = parse(readFileSync(join(root, 'deploy', 'grafana', 'contact-point.yaml'), 'utf8'));
  const { contactPoints, templates } = provisioningSchema.parse(written);

  it('names only templates that are in the file', () => {
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

  it('leaves the policy tree alone, which a file with policies would replace', () => {
    assert.deepEqual(Object.keys(written as object), ['apiVersion', 'contactPoints', 'templates']);
  });

  it('has its route in the docs: first, at once, and with the severity of CPUThrottlingHigh', () => {
    const docs = readFileSync(join(root, 'docs', 'grafana.md'), 'utf8');
    const snippet = /```yaml\n( *- receiver: flamepin[\s\S]*?)```/.exec(docs)?.[1] ?? '';
    const [route] = routesSchema.parse(parse(snippet));
    assert.deepEqual([route.continue, route.group_wait], [true, '0s']);
    const [[name, operator, value]] = route.object_matchers;
    const matchers = compileMatchers(`${name}${operator}${JSON.stringify(value)}`);
    assert.ok(allMatch(matchers, { severity: 'info' }));
  });

  it('sends what flamepin’s own defaults check: signature, its time, and no secret in the file', () => {
    const settings = contactPoints[0]?.receivers[0];
    assert.ok(settings?.type === 'webhook');
    assert.match(settings.settings.url, /\/webhooks\/grafana$/);
    assert.equal(settings.settings.hmacConfig?.header, 'X-Grafana-Alerting-Signature');
    assert.match(settings.settings.hmacConfig?.secret ?? '', /^\$__file\{.+\}$/);
  });
});
