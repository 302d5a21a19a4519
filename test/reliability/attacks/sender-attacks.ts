import { setTimeout as sleep } from 'node:timers/promises';
import { notificationOf } from '../../setup/flamepin-client.ts';
import { Findings, type Attack, type AttackResult } from './attack.ts';
import { probeAcknowledgements, senderPatienceMs, type Probe, type Scene } from './scene.ts';
import { connection, guardedScene, inChunks, signed, strangersHead, withToken } from './strangers.ts';

const attackMs = 10_000;
const memoryMiB = 200;
const held = 'no notification of a known sender is refused, each acknowledged in 10 s, +200 MiB at most';

/** Runs an attack on a flamepin of its own while known senders go on; both kinds of them must get through. */
async function whileKnownSendersGoOn(
  attack: (scene: Scene, findings: Findings) => Promise<void>,
): Promise<AttackResult> {
  await using scene = await guardedScene();
  const { flamepin } = scene;
  const findings = new Findings();
  const probes: [string, Probe][] = [
    ['with a token', probeAcknowledgements(flamepin, withToken(flamepin.url))],
    ['signed', probeAcknowledgements(flamepin, signed(flamepin.url))],
    ['of a probe', probeAcknowledgements(flamepin, () => healthz(flamepin.url))],
  ];
  await attack(scene, findings);
  for (const [who, probe] of probes) {
    const { answered, refused, slowest } = await probe.stop();
    findings.must(refused === 0, `${refused} of ${answered + refused} requests ${who} were refused`);
    findings.atMost(`${answered} ${who}, slowest`, slowest, senderPatienceMs, 'ms');
  }
  findings.atMost('memory +', scene.memoryGrowth(), memoryMiB, 'MiB');
  findings.must(flamepin.exitCode() === null, 'flamepin has ended');
  return findings.result();
}

const healthz = (url: string): Promise<Response> =>
  fetch(`${url}/healthz`, { signal: AbortSignal.timeout(senderPatienceMs) });

/** So many connections of strangers, each of which does the same until the attack is over. */
async function strangers(
  { flamepin }: Scene,
  count: number,
  act: (write: (text: string) => void) => Promise<void>,
): Promise<void> {
  const open = await Promise.all(Array.from({ length: count }, () => connection(flamepin.url)));
  const end = performance.now() + attackMs;
  await Promise.all(
    open.map(async ({ socket }) => {
      while (performance.now() < end && !socket.destroyed)
        await act((text) => {
          if (socket.writable) socket.write(text);
        });
    }),
  );
  await sleep(Math.max(0, end - performance.now()));
  for (const { socket } of open) socket.destroy();
}

async function count(answers: Promise<Response>[], findings: Findings, what: string): Promise<void> {
  const statuses = await Promise.all(
    answers.map((answer) =>
      answer.then(
        ({ status }) => status,
        () => 0,
      ),
    ),
  );
  const refused = statuses.filter((status) => status !== 200);
  findings.note(`${statuses.length - refused.length} of ${statuses.length} ${what} accepted`);
  findings.must(
    refused.length === 0,
    `${refused.length} of ${statuses.length} ${what} got ${[...new Set(refused)].join(', ')}`,
  );
}

/** What can be done over HTTP, by strangers and by senders whose token is known. */
export const senderAttacks: readonly Attack[] = [
  {
    name: 'bodies of strangers, one byte at a time',
    bound: held,
    run: () =>
      whileKnownSendersGoOn(async (scene) => {
        let begun = 0;
        await strangers(scene, 8, async (write) => {
          write(begun++ < 8 ? `${strangersHead}1\r\n{\r\n` : '1\r\n \r\n');
          await sleep(200);
        });
      }),
  },
  {
    name: '500 idle connections',
    bound: held,
    run: () => whileKnownSendersGoOn((scene) => strangers(scene, 500, () => sleep(1_000))),
  },
  {
    name: '500 connections that begin a header',
    bound: held,
    run: () =>
      whileKnownSendersGoOn((scene) =>
        strangers(scene, 500, async (write) => {
          write('G');
          await sleep(2_000);
        }),
      ),
  },
  {
    name: 'a body without end',
    bound: held,
    run: () =>
      whileKnownSendersGoOn((scene) => {
        let begun = 0;
        const block = `10000\r\n${' '.repeat(0x10000)}\r\n`;
        return strangers(scene, 4, async (write) => {
          if (begun++ < 4) write(strangersHead);
          for (let blocks = 0; blocks < 16; blocks++) write(block);
          await sleep(50);
        });
      }),
  },
  {
    name: 'forty small notifications in chunks at once',
    bound: `all are accepted; ${held}`,
    run: () =>
      whileKnownSendersGoOn(({ flamepin }, findings) =>
        count(
          Array.from({ length: 40 }, (_, index) => inChunks(flamepin.url, `chunked${index}`)),
          findings,
          'small notifications in chunks',
        ),
      ),
  },
  {
    name: '5 million empty alerts in one notification',
    bound: held,
    run: () =>
      whileKnownSendersGoOn(async ({ flamepin }, findings) => {
        const body = `{"version":"4","alerts":[${'{},'.repeat(5_000_000)}{}]}`;
        const began = performance.now();
        const response = await withToken(flamepin.url)(body).catch(() => undefined);
        findings.note(
          `answered ${response?.status ?? 'not at all'} after ${Math.round(performance.now() - began)} ms`,
        );
      }),
  },
  {
    name: '3,000 wrong tokens',
    bound: `each is refused with 401 or 429; ${held}`,
    run: () =>
      whileKnownSendersGoOn(async ({ flamepin }, findings) => {
        const body = notificationOf('stranger', { alertname: 'HighLatency' });
        const began = performance.now();
        let unexpected = 0;
        for (let sent = 0; sent < 3_000; sent += 50) {
          const answers = Array.from({ length: 50 }, (_, index) =>
            withToken(
              flamepin.url,
              `guess-${sent + index}`,
            )(body).then(
              async (response) => {
                await response.arrayBuffer();
                return response.status;
              },
              () => 0,
            ),
          );
          unexpected += (await Promise.all(answers)).filter(
            (status) => status !== 401 && status !== 429,
          ).length;
        }
        findings.note(`3,000 refused in ${Math.round(performance.now() - began)} ms`);
        findings.must(unexpected === 0, `${unexpected} of 3,000 were answered neither 401 nor 429`);
      }),
  },
];
