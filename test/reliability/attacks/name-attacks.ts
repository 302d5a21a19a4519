import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { captureWhen, fireForCapture, isFinal } from '../../setup/flamepin-client.ts';
import { compileBurner, startBurner } from '../../setup/jvm.ts';
import { filesLeft } from '../target-traces.ts';
import { Findings, type Attack, type AttackResult } from './attack.ts';
import { startScene } from './scene.ts';

const endMs = 120_000;
const owned = '/tmp/flamepin-owned';
const script = '<script>document.title="owned"</script>';
const markup = `</title></style></script>${script}<img src=x onerror=alert(1)>`;
const threadName = `${markup}\u001b[31m\nstarted=1\npid=1\nrefused=not-a-jvm`;
const labels = {
  html: markup,
  shell: `$(touch ${owned}); \`touch ${owned}\`; touch ${owned} # && |`,
  path: '../../../../../../tmp/flamepin-owned',
  container: '../../etc/passwd',
  promql: '"} or vector(1) or up{job="',
  log: '{"level":"fatal"}\n{"level":"info","msg":"listening","port":1}\r\u001b[2J',
  __proto__: 'x',
  long: 'y'.repeat(100_000),
};
const artifacts = ['flamegraph.html', 'flamegraph.svg', 'summary.md', 'profile.json'];
/** Tags that somebody's name brought in; the page's own scripts are files or begin otherwise. */
const broughtIn = /<script>document|<img src=x/;
const escape = '\u001b';

async function captureOfHostileNames(): Promise<AttackResult> {
  await using closing = new AsyncDisposableStack();
  const burner = compileBurner();
  closing.defer(burner.remove);
  const mark = `-Dflamepin.hostile=${process.pid}.names`;
  const jvm = await startBurner(burner.classes, { flags: [mark], args: ['30', 'quiet', threadName] });
  closing.defer(() => jvm.stop('SIGKILL'));
  await using scene = await startScene(
    (directory) => `server: {port: 0}
routes: [{matchers: [], event: cpu, cooldown: 0s, target: {host: {process: "${mark}"}}}]
storage: {filesystem: {directory: ${join(directory, 'artifacts')}}}
`,
  );
  const { flamepin, directory } = scene;
  const findings = new Findings();
  const id = await fireForCapture(flamepin, 'hostile', labels);
  closing.defer(() => {
    for (const file of filesLeft([jvm.pid], new Set([id]))) rmSync(file, { recursive: true, force: true });
  });
  const capture = await captureWhen(flamepin, id, 'the end', endMs, isFinal);
  findings.must(capture.state === 'done', `it is ${capture.state}: ${JSON.stringify(capture.reason)}`);

  const pages = [
    `/captures/${id}`,
    '/captures',
    `/alerts/hostile`,
    ...artifacts.map((name) => `/captures/${id}/${name}`),
  ];
  let bytes = 0;
  for (const path of pages) {
    const response = await fetch(flamepin.url + path, { headers: { Accept: 'text/html' } });
    const text = await response.text();
    bytes += text.length;
    findings.must(response.ok, `${path} answers ${response.status}`);
    const html = path.endsWith('.json') || path.endsWith('.md') ? '' : text;
    findings.must(!broughtIn.test(html), `${path} holds a tag of a name`);
    findings.must(!text.includes(escape), `${path} holds an escape character of a name`);
  }
  findings.note(
    `${capture.state}; ${pages.length} pages and files, ${Math.round(bytes / 1024)} KiB looked through`,
  );
  const keys = readdirSync(join(directory, 'artifacts'), { recursive: true, encoding: 'utf8' });
  findings.must(
    keys.every((key) => /^[\w./-]+$/.test(key) && !key.includes('..')),
    `files of odd names: ${keys.join(' ')}`,
  );
  findings.must(!existsSync(owned), `${owned} was made: a label was run`);
  const { otherOutput, log } = flamepin;
  findings.must(
    otherOutput.length === 0,
    `the log has lines that are no entries: ${otherOutput.join(' | ').slice(0, 200)}`,
  );
  findings.must(
    log.filter(({ msg }) => msg === 'listening').length === 1,
    'a label has written a line of the log',
  );
  findings.note(`${log.length} lines of the log`);
  return findings.result();
}

/** What names can do that somebody else chose: of threads, and of an alert's labels. */
export const nameAttacks: readonly Attack[] = [
  {
    name: 'threads and labels of markup, shell, paths, PromQL, log lines and escapes',
    bound: 'done; shown as text, run by nobody, one log line an entry, no file outside its place',
    run: captureOfHostileNames,
  },
];
