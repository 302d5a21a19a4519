import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { byPod } from '../../src/targets/kubernetes/choice/by-pod.ts';
import { narrowedTo } from '../../src/targets/kubernetes/choice/narrow-query.ts';
import { podSchema } from '../../src/targets/kubernetes/connection/objects.ts';
import { queryNow } from '../../src/targets/kubernetes/choice/prometheus.ts';
import { waitFor } from '../setup/process.ts';
import { startPrometheus } from '../setup/prometheus.ts';

const { signal } = new AbortController();
const pod = (name: string) =>
  podSchema.parse({ metadata: { name, namespace: 'shop' }, spec: { containers: [] }, status: {} });

async function serving(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

describe("the alert's own expression", () => {
  it('is asked of the candidates alone, and a ratio of theirs stays what it was', async () => {
    await using shop = await serving((_request, response) =>
      response.end(
        ['a', 'b', 'c']
          .map((name, at) => `errors{pod="${name}"} ${at + 1}\nrequests{pod="${name}"} 10\n`)
          .join(''),
      ),
    );
    const directory = await mkdtemp(join(tmpdir(), 'flamepin-prometheus-'));
    const prometheus = await startPrometheus(directory, {
      job: 'shop',
      targets: [{ address: shop.address, labels: { namespace: 'shop' } }],
    });
    try {
      const ask = async (query: string) =>
        new Map(
          (await queryNow(prometheus, query, signal)).map(({ labels, value }) => [labels['pod'], value]),
        );
      await waitFor('the first scrape', 60_000, async () => (await ask('errors')).size === 3 || undefined);
      const expression = 'sum(errors{job="shop"}) / sum(requests) > 0.05';
      const [narrowed = ''] = narrowedTo([pod('a'), pod('b')], byPod(expression)?.query ?? '');
      assert.deepEqual(
        await ask(narrowed),
        new Map([
          ['a', 0.1],
          ['b', 0.2],
        ]),
      );
      const [everything = ''] = narrowedTo([pod('a')], '{__name__=~".+"}');
      assert.deepEqual([...(await ask(everything)).keys()], ['a']);
    } finally {
      await prometheus.stop();
      await rm(directory, { recursive: true, force: true });
    }
  });

  it('is not asked where it cannot be narrowed', () => {
    for (const query of ['vector(1)', 'sum(', 'x{', 'a; b'])
      assert.deepEqual(narrowedTo([pod('a')], query), [], query);
  });

  it('gets no more than a few megabytes of answer, though it never ends', async () => {
    let sent = 0;
    await using server = await serving((request, response) => {
      request.resume();
      const piece = Buffer.alloc(65_536, 32);
      const flood = (): void => {
        while (!response.destroyed && response.write(piece)) sent += piece.length;
      };
      response.on('drain', flood);
      flood();
    });
    await assert.rejects(queryNow({ url: `http://${server.address}` }, 'up', signal), /4194304 bytes/);
    assert.ok(sent < 32 * 1024 ** 2, `${sent} bytes were read`);
  });
});
