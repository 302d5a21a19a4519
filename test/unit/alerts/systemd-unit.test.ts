import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isInUnit, unitNamed } from '../../../src/alerts/systemd-unit.ts';

type Labels = Record<string, string>;
const unit = (labels: Labels, mapped: Parameters<typeof unitNamed>[1] = [], fixed?: string): string | null =>
  unitNamed(labels, mapped, fixed)?.unit ?? null;

describe('the systemd unit that an alert is about', () => {
  it('is what the labels of node_exporter, cAdvisor and logs name', () => {
    assert.equal(unit({ name: 'shop.service', state: 'failed', type: 'simple' }), 'shop.service');
    assert.equal(unit({ id: '/system.slice/system-shop.slice/shop@1.service' }), 'shop@1.service');
    assert.equal(unit({ unit: 'shop.service', name: 'other.service' }), 'shop.service');
    assert.equal(unit({ exported_name: 'shop.service', name: 'exporter.service' }), 'shop.service');
  });

  it('is none where these labels mean something else', () => {
    assert.equal(unit({ unit: 'seconds', name: 'shop', id: '/docker/3f2a' }), null);
    assert.equal(unit({ name: 'a b.service' }), null);
    assert.equal(unit({ name: '../$(id).service' }), null);
  });

  it('is what the route says, then what a configured label says, which may leave .service out', () => {
    const mapped = [{ label: 'svc', pattern: null, value: '$0' }];
    assert.equal(unit({ svc: 'shop', name: 'other.service' }, mapped), 'shop.service');
    assert.equal(unit({ name: 'other.service' }, mapped), 'other.service');
    assert.equal(unit({ svc: 'shop' }, mapped, 'pay'), 'pay.service');
  });

  it('holds the processes in a control group of its name, and below', () => {
    const named = { label: 'name', unit: 'shop@1.service' };
    assert.ok(isInUnit(['/', '/system.slice/system-shop.slice/shop@1.service'], named));
    assert.ok(isInUnit(['/system.slice/shop@1.service/workers'], named));
    assert.ok(!isInUnit(['/system.slice/shop@10.service', '/system.slice/shop.service'], named));
  });
});
