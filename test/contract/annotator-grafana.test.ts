import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { grafanaAnnotator, inspectPanel, type GrafanaOptions } from '../../src/annotations/grafana.ts';
import { panelQueries } from '../../src/annotations/panel-queries.ts';
import type { Capture } from '../../src/captures/capture.ts';
import { suggestPanels } from '../../src/routing/panel.ts';
import { Failure } from '../../src/reasons/failure.ts';
import { capturing, finished } from '../given/capture.ts';
import { startGrafana, type Grafana } from '../grafana/grafana.ts';
import { testAnnotator } from './annotator.ts';

const soon = () => AbortSignal.timeout(30_000);
const publicUrl = 'https://flamepin.example.com';

const failsWith = (code: string) => (error: unknown) => {
  assert.ok(error instanceof Failure, `not a Failure: ${String(error)}`);
  assert.equal(error.code, code, error.message);
  return true;
};

const annotatorOf = (grafana: Grafana, more: Partial<GrafanaOptions> = {}) =>
  grafanaAnnotator({
    url: `${grafana.url}/`,
    token: () => Promise.resolve(grafana.token),
    publicUrl,
    ...more,
  });

const marksOf = (grafana: Grafana) => (capture: Capture) =>
  grafana.annotations().filter(({ tags }) => tags.includes(`flamepin:${capture.id}`));

testAnnotator('Grafana', async () => {
  const grafana = await startGrafana();
  return { annotator: annotatorOf(grafana), marksOf: marksOf(grafana), stop: () => grafana.close() };
});

describe('marks in Grafana', () => {
  let grafana: Grafana;
  before(async () => {
    grafana = await startGrafana();
  });
  beforeEach(async () => {
    await grafana.setDown(false);
    grafana.setRights({
      readAnnotations: true,
      readDashboards: true,
      writeAnnotations: true,
      organizationAnnotations: false,
    });
  });
  after(() => grafana.close());

  const begun = async (capture: Capture, more: Partial<GrafanaOptions> = {}) => {
    await annotatorOf(grafana, more).begin(capture, soon());
    const [mark] = marksOf(grafana)(capture);
    assert.ok(mark !== undefined);
    return mark;
  };
  const onPanel = (panelId: number | null, dashboardUid = 'shop') =>
    capturing({ panel: { dashboardUid, panelId, foundBy: 'a test' } });

  it('are on the alert’s own panel', async () => {
    const { dashboardUID, panelId } = await begun(capturing());
    assert.deepEqual({ dashboardUID, panelId }, { dashboardUID: 'shop', panelId: 2 });
  });

  it('are found in collapsed rows, repeated panels, library panels and dashboards of the new schema', async () => {
    for (const [uid, panelId] of [
      ['shop', 7],
      ['shop', 8],
      ['shop', 9],
      ['shop-v2', 2],
      ['shop-v2', 4],
    ] as const)
      assert.equal((await begun(onPanel(panelId, uid))).panelId, panelId);
  });

  it('go to the whole dashboard when the panel draws no marks, and say so', async () => {
    for (const [uid, panelId, type] of [
      ['shop', 3, 'stat'],
      ['shop', 4, 'gauge'],
      ['shop', 5, 'table'],
      ['shop-v2', 3, 'stat'],
    ] as const) {
      const capture = onPanel(panelId, uid);
      const mark = await begun(capture);
      assert.equal(mark.panelId, 0);
      assert.match(mark.text, new RegExp(`\\(type ${type}\\) draws no annotations`));
      await annotatorOf(grafana).finish(finished(capture), soon());
      assert.match(
        marksOf(grafana)(capture)[0]?.text ?? '',
        new RegExp(`\\(type ${type}\\) draws no annotations`),
      );
    }
    assert.equal((await begun(onPanel(null))).panelId, 0);
  });

  it('are not made on dashboards and panels that do not exist', async () => {
    const count = grafana.annotations().length;
    grafana.setRights({ organizationAnnotations: true });
    for (const capture of [
      onPanel(2, 'gone'),
      onPanel(99),
      onPanel(6),
      onPanel(99, 'shop-v2'),
      onPanel(null, 'gone'),
    ]) {
      await assert.rejects(annotatorOf(grafana).begin(capture, soon()), failsWith('panel-not-found'));
      await assert.rejects(
        annotatorOf(grafana).finish(finished(capture), soon()),
        failsWith('panel-not-found'),
      );
    }
    assert.equal(grafana.annotations().length, count);
  });

  it('need a panel, unless marks of the organization are wanted and allowed', async () => {
    const capture = capturing({ panel: null });
    await assert.rejects(annotatorOf(grafana).begin(capture, soon()), failsWith('panel-unknown'));
    const wanted = { organizationMarks: true };
    await assert.rejects(annotatorOf(grafana, wanted).begin(capture, soon()), failsWith('grafana-denied'));
    grafana.setRights({ organizationAnnotations: true });
    const mark = await begun(capture, wanted);
    assert.equal(mark.dashboardUID, null);
    await annotatorOf(grafana, wanted).finish(finished(capture), soon());
    assert.equal(marksOf(grafana)(capture).length, 1);
  });

  it('distinguish a refused token and missing rights from an outage', async () => {
    const wrong = annotatorOf(grafana, { token: () => Promise.resolve('another') });
    await assert.rejects(wrong.begin(capturing(), soon()), failsWith('grafana-denied'));
    for (const missing of ['readAnnotations', 'readDashboards', 'writeAnnotations'] as const) {
      grafana.setRights({
        readAnnotations: true,
        readDashboards: true,
        writeAnnotations: true,
        [missing]: false,
      });
      await assert.rejects(
        annotatorOf(grafana).begin(capturing(), soon()),
        failsWith('grafana-denied'),
        missing,
      );
    }
    await grafana.setDown(true);
    await assert.rejects(annotatorOf(grafana).begin(capturing(), soon()), failsWith('grafana-unavailable'));
  });

  it('are late, but not duplicated, after Grafana was down and answers were lost', async () => {
    const capture = capturing();
    const annotator = annotatorOf(grafana);
    await grafana.setDown(true);
    await assert.rejects(annotator.begin(capture, soon()), failsWith('grafana-unavailable'));
    await grafana.setDown(false);
    for (const lost of [1, 2, 3, 4, 5]) {
      grafana.loseAnswers(lost);
      await annotator.begin(capture, soon()).catch(failsWith('grafana-unavailable'));
      grafana.loseAnswers(0);
    }
    await annotator.begin(capture, soon());
    for (const lost of [1, 2, 3]) {
      grafana.loseAnswers(lost);
      await annotator.finish(finished(capture), soon()).catch(failsWith('grafana-unavailable'));
      grafana.loseAnswers(0);
    }
    await annotator.finish(finished(capture), soon());
    assert.equal(marksOf(grafana)(capture).length, 1);
    assert.match(marksOf(grafana)(capture)[0]?.text ?? '', /61%/);
  });

  it('do not wait for a Grafana that never answers', async () => {
    grafana.hang(1);
    const hurried = annotatorOf(grafana, { requestTimeoutMs: 100 });
    await assert.rejects(hurried.begin(capturing(), soon()), failsWith('grafana-unavailable'));
    grafana.hang(0);
  });

  it('come back when somebody deleted them', async () => {
    const capture = capturing();
    const mark = await begun(capture);
    const answer = await fetch(`${grafana.url}/api/annotations/${mark.id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${grafana.token}` },
    });
    assert.equal(answer.status, 200);
    await annotatorOf(grafana).finish(finished(capture), soon());
    assert.equal(marksOf(grafana)(capture).length, 1);
  });

  it('become one again when two were made at once', async () => {
    const capture = capturing();
    await Promise.all([1, 2, 3].map(() => annotatorOf(grafana).begin(capture, soon())));
    await annotatorOf(grafana).finish(finished(capture), soon());
    assert.equal(marksOf(grafana)(capture).length, 1);
  });

  it('name their neighbours on the panel, so that none is buried', async () => {
    const here = (alertname: string) =>
      capturing({
        panel: { dashboardUid: 'shop', panelId: 1, foundBy: '' },
        alert: { ...capturing().alert, labels: { alertname } },
      });
    const [one, other] = [here('HighLatency'), here('HighErrors')];
    await begun(one);
    await begun(other);
    await annotatorOf(grafana).finish(finished(one), soon());
    const text = marksOf(grafana)(one)[0]?.text ?? '';
    assert.match(
      text,
      new RegExp(
        `Also profiled here at this time: .*<a href="${publicUrl}/captures/${other.id}"[^>]*>\\d\\d:\\d\\d UTC HighErrors`,
      ),
    );
  });

  it('have tags that fit whatever the labels hold', async () => {
    const capture = capturing();
    capture.alert.labels['alertname'] = 'A'.repeat(3000);
    if (capture.target !== null) capture.target.workload = `ü:,"${'w'.repeat(3000)}`;
    const { tags } = await begun(capture);
    assert.equal(tags.length, 5);
    assert.ok(tags.every((tag) => tag.length <= 100));
  });

  it('are at least 10 px wide at 24 h and cover the window', async () => {
    for (const age of [0, 3600_000, 10 * 24 * 3600_000]) {
      const capture = finished(capturing());
      capture.alert.startsAt = new Date(Date.parse(capture.alert.startsAt) - age).toISOString();
      await annotatorOf(grafana).finish(capture, soon());
      const [mark] = marksOf(grafana)(capture);
      assert.ok(mark !== undefined);
      const minutes = (mark.timeEnd - mark.time) / 60_000;
      assert.ok(minutes >= 15 && minutes <= 16, `${minutes} minutes`);
      assert.equal(mark.timeEnd, Date.parse(capture.timeline.windowEndedAt ?? ''));
    }
  });

  it('say that a picture’s signed link ends, when flamepin has no address of its own', async () => {
    const expiresAt = new Date('2026-11-30T02:14:00Z');
    const signedLink = (key: string) =>
      Promise.resolve({ url: `https://s3.example.com/${key}?X-Amz-Signature=1&x=2`, expiresAt });
    const capture = finished(capturing());
    await annotatorOf(grafana, { publicUrl: null, signedLink }).finish(capture, soon());
    const text = marksOf(grafana)(capture)[0]?.text ?? '';
    assert.match(text, /<a href="https:\/\/s3\.example\.com\/captures[^"]*flamegraph\.html/);
    assert.match(text, /works until 2026-11-30 02:14 UTC/);
  });

  it('can be explained before the first alert', async () => {
    const access = { url: grafana.url, token: () => Promise.resolve(grafana.token) };
    assert.deepEqual(await inspectPanel(access, 'shop', 8, soon()), {
      panel: { title: 'CPU of $pod', type: 'timeseries', drawsMarks: true, repeated: true },
      visible: true,
      mayMark: true,
    });
    grafana.setRights({ writeAnnotations: false });
    assert.equal((await inspectPanel(access, 'shop', 2, soon())).mayMark, false);
    await assert.rejects(inspectPanel(access, 'shop', 77, soon()), failsWith('panel-not-found'));
  });

  it('find their panel by the query of the alert’s rule, in either schema', async () => {
    const access = { url: grafana.url, token: () => Promise.resolve(grafana.token) };
    const found = await panelQueries(access, soon());
    const places = found.map(({ dashboardUid, panelId }) => `${dashboardUid} ${panelId}`);
    assert.deepEqual(places.toSorted(), ['shop 2', 'shop 7', 'shop-v2 2']);
    const generator = `http://prometheus/graph?g0.expr=${encodeURIComponent('rate(errors_total[5m]) > 0.5')}`;
    const [panel] = suggestPanels(generator, found);
    assert.equal(panel?.dashboardUid, 'shop-v2');
    grafana.setRights({ readDashboards: false });
    assert.deepEqual(await panelQueries(access, soon()), []);
  });

  it('are refused when the server is not Grafana', async () => {
    const elsewhere = grafanaAnnotator({
      url: `${grafana.url}/d/shop`,
      token: () => Promise.resolve('x'),
      publicUrl,
    });
    await assert.rejects(elsewhere.begin(capturing(), soon()), failsWith('grafana-rejected'));
  });
});
