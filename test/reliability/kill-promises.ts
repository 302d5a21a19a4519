import type { Capture } from '../../src/captures/capture.ts';
import type { Mark } from '../grafana/grafana.ts';
import type { AcknowledgedAlert } from './alert-sender.ts';
import type { Figure } from './figures.ts';
import type { KeptRecords } from './kept-records.ts';
import type { WatchedSessions } from './session-watch.ts';

/** Everything that was seen of a run, by whom it was promised to. */
export interface Observed {
  acknowledged: readonly AcknowledgedAlert[];
  kept: KeptRecords;
  sessions: WatchedSessions;
  marks: readonly Mark[];
  limit: number;
}

const final = ['done', 'skipped', 'failed'];
const identity = (fingerprint: string, startsAt: string): string => `${fingerprint} ${startsAt}`;

/** What was promised to the sender of alerts and to the person who reads the panel. */
export function alertPromises({ acknowledged, kept, marks }: Observed): Figure[] {
  const captureOf = new Map(kept.captures.map((capture) => [capture.id, capture]));
  const rows = new Map<string, number>();
  for (const { fingerprint, startsAt } of kept.alerts)
    rows.set(identity(fingerprint, startsAt), (rows.get(identity(fingerprint, startsAt)) ?? 0) + 1);
  const lost = acknowledged
    .filter(({ fingerprint, startsAt }) => rows.get(identity(fingerprint, startsAt.toISOString())) !== 1)
    .map(
      ({ fingerprint, outcomes }) =>
        `${fingerprint} was acknowledged as ${outcomes.join(', ')}, and is not there`,
    );
  const unexplained = acknowledged.flatMap(({ fingerprint, captureIds, outcomes }) =>
    [...captureIds]
      .map((id) => captureOf.get(id))
      .filter((capture) => capture === undefined || !isEnded(capture))
      .map(
        (capture) =>
          `${fingerprint} (${outcomes[0]}): ${capture === undefined ? 'no capture' : stateOf(capture)}`,
      ),
  );
  const byAlert = new Map<string, string[]>();
  for (const { id, alert } of kept.captures) {
    const key = identity(alert.fingerprint, alert.startsAt);
    byAlert.set(key, [...(byAlert.get(key) ?? []), id]);
  }
  const doubled = [...byAlert]
    .filter(([, ids]) => ids.length > 1)
    .map(([key, ids]) => `${key}: ${ids.join(', ')}`);
  const ended = new Map<string, number>();
  for (const { state, reason } of kept.captures) {
    const how = reason === null ? state : `${state} ${reason.code}`;
    ended.set(how, (ended.get(how) ?? 0) + 1);
  }
  return [
    {
      promise: 'no acknowledged alert is lost',
      measured: `${acknowledged.length} acknowledged`,
      broken: lost,
    },
    {
      promise: 'every capture ends, for a reason that is told',
      measured: [...ended].map(([how, count]) => `${count} ${how}`).join(', '),
      broken: unexplained,
    },
    {
      promise: 'no alert has two captures',
      measured: `${kept.captures.length} captures of ${byAlert.size} alerts`,
      broken: doubled,
    },
    {
      promise: 'each capture has one mark, which says how it ended',
      measured: `${marks.length} marks`,
      broken: kept.captures.flatMap(({ id, annotation }) => {
        const count = marks.filter(({ tags }) => tags.includes(`flamepin:${id}`)).length;
        return count === 1 && annotation.state === 'finished'
          ? []
          : [`${id}: ${count} marks, ${annotation.state}`];
      }),
    },
  ];
}

/** What was promised to the owner of the JVMs: what ran in them, as seen in them. */
export function sessionPromises({ kept, sessions, limit }: Observed): Figure[] {
  const counts = new Map<string, number>();
  for (const { captureId } of sessions.sessions) counts.set(captureId, (counts.get(captureId) ?? 0) + 1);
  const known = new Set(kept.captures.map(({ id }) => id));
  return [
    {
      promise: 'no capture is profiled twice, and nothing but captures is',
      measured: `${sessions.sessions.length} sessions of ${counts.size} captures seen in the JVMs`,
      broken: [...counts]
        .filter(([id, count]) => count > 1 || !known.has(id))
        .map(
          ([id, count]) =>
            `${id}: ${count} sessions${known.has(id) ? '' : ', and the ledger does not know it'}`,
        ),
    },
    {
      promise: 'every capture that is done was profiled',
      measured: `${kept.captures.filter(({ state }) => state === 'done').length} done; longest gap in watching ${sessions.longestGap} ms`,
      broken: kept.captures
        .filter(({ id, state }) => state === 'done' && !counts.has(id))
        .map(({ id }) => `${id} is done, and no session of it was seen`),
    },
    {
      promise: 'no more windows at once than the limits allow, seen in the JVMs',
      measured: `${sessions.most} of ${limit} at most`,
      broken: sessions.overLimit,
    },
    {
      promise: 'never two sessions in one JVM',
      measured: `${sessions.mostInOneJvm} at most`,
      broken: sessions.mostInOneJvm > 1 ? [`${sessions.mostInOneJvm} in one JVM`] : [],
    },
  ];
}

/** What was promised to the operator of flamepin: that its own places hold what they should. */
export function storePromises({ kept }: Observed): Figure[] {
  const wanted = new Set(kept.captures.flatMap(({ artifacts }) => artifacts.map(({ key }) => key)));
  const bodies = kept.files.filter((file) => !(file.split('/').at(-1) ?? '').startsWith('.'));
  const labels = new Set(kept.files.filter((file) => file.endsWith('.json') && !bodies.includes(file)));
  const stray = [
    ...bodies.filter((file) => !wanted.has(file)),
    ...kept.files.filter((file) => file.endsWith('.part')),
  ];
  return [
    {
      promise: 'no recording is left in the spool',
      measured: `${kept.spooled.length} left`,
      broken: kept.spooled,
    },
    {
      promise: 'the store holds every artifact, and nothing else',
      measured: `${wanted.size} artifacts, ${bodies.length} files and ${labels.size} labels`,
      broken: [
        ...stray.map((file) => `nobody's: ${file}`),
        ...[...wanted].filter((key) => !bodies.includes(key)),
      ],
    },
  ];
}

const isEnded = ({ state, reason }: Capture): boolean =>
  final.includes(state) && (state === 'done' || reason !== null);
const stateOf = ({ id, state, reason }: Capture): string =>
  `${id} is ${state}, ${reason?.code ?? 'without a reason'}`;
