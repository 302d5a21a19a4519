/* global document, window, fetch, URL, sanitize */
// Runs in the browser: draws one panel's marks where and as wide as Grafana's AnnotationsPlugin2 does, and shows
// their texts through Grafana's own sanitiser, which the bundle brings along as `sanitize`.
const query = new URL(window.location.href).searchParams;
const [, uid] = /^\/d\/([^/]+)/.exec(window.location.pathname);
const panelId = Number(query.get('viewPanel').replace('panel-', ''));
const hours = Number(/^now-(\d+)h$/.exec(query.get('from'))[1]);
const to = query.has('at') ? Number(query.get('at')) : Date.now();
const from = to - hours * 3_600_000;
const width = 1000;
const height = 260;
const color = '#00d3ff';

const { dashboard } = await ask(`/api/dashboards/uid/${uid}`);
const panel = dashboard.panels?.find(({ id }) => id === panelId);
document.querySelector('h1').textContent = panel?.title ?? `Panel ${panelId}`;

// The dashboard's built-in query: its own marks, 100 at most, of this panel or of all.
const marks = (await ask(`/api/annotations?from=${from}&to=${to}&dashboardUID=${uid}&limit=100`)).filter(
  (mark) => mark.panelId === panelId || mark.panelId === 0,
);
const drawsMarks = panel === undefined || ['timeseries', 'heatmap'].includes(panel.type);

const xOf = (time) => Math.round(((time - from) / (to - from)) * width) || 0;
draw();
document.body.dataset.ready = 'yes';

async function ask(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

function draw() {
  const canvas = document.querySelector('canvas');
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext('2d');
  grid(pen);
  series(pen);
  const axis = document.querySelector('#axis');
  if (!drawsMarks) return;
  for (const mark of marks) {
    const isRegion = mark.timeEnd > mark.time;
    const [left, right] = [xOf(mark.time), xOf(mark.timeEnd)];
    pen.setLineDash([5, 5]);
    pen.strokeStyle = color;
    pen.lineWidth = 2;
    for (const x of isRegion ? [left, right] : [left]) line(pen, x);
    if (isRegion) {
      pen.fillStyle = 'rgba(0, 211, 255, 0.1)';
      pen.fillRect(left, 0, right - left, height);
    }
    const visible = isRegion ? left < width && right > 0 : left >= 0 && left <= width;
    if (visible) axis.append(marker(mark, isRegion, left, right));
  }
}

function marker(mark, isRegion, left, right) {
  const element = document.createElement('div');
  element.dataset.annotation = String(mark.id);
  element.className = isRegion ? 'region' : 'point';
  const clampedLeft = Math.max(0, left);
  element.style.left = `${isRegion ? clampedLeft : left}px`;
  if (isRegion) element.style.width = `${Math.min(width, right) - clampedLeft}px`;
  element.addEventListener('mouseenter', () => showTooltip(mark, element));
  element.addEventListener('click', () => showTooltip(mark, element));
  return element;
}

function showTooltip(mark, at) {
  document.querySelector('#tooltip')?.remove();
  const tooltip = document.createElement('div');
  tooltip.id = 'tooltip';
  const when = (time) => new Date(time).toISOString().slice(0, 19).replace('T', ' ');
  const header = document.createElement('header');
  header.textContent =
    mark.timeEnd > mark.time ? `${when(mark.time)} - ${when(mark.timeEnd)}` : when(mark.time);
  const body = document.createElement('div');
  body.className = 'body';
  const text = document.createElement('div');
  text.innerHTML = sanitize(mark.text);
  const tags = document.createElement('div');
  tags.className = 'tags';
  for (const tag of mark.tags) {
    const chip = document.createElement('span');
    chip.textContent = tag;
    tags.append(chip);
  }
  body.append(text, tags);
  tooltip.append(header, body);
  document.querySelector('#panel').append(tooltip);
  const box = at.getBoundingClientRect();
  const frame = document.querySelector('#panel').getBoundingClientRect();
  const left = Math.min(box.left + box.width / 2 - frame.left, frame.width - tooltip.offsetWidth - 8);
  tooltip.style.left = `${Math.max(8, left)}px`;
  tooltip.style.top = `${box.bottom - frame.top + 2}px`;
}

function line(pen, x) {
  pen.beginPath();
  pen.moveTo(x, 0);
  pen.lineTo(x, height);
  pen.stroke();
}

function grid(pen) {
  const plot = document.querySelector('#plot');
  const values = document.createElement('div');
  values.className = 'values';
  plot.append(values);
  pen.strokeStyle = 'rgba(204, 204, 220, 0.07)';
  for (let step = 0; step <= 4; step += 1) {
    const y = height - (step * height) / 4.4 - 1;
    pen.strokeRect(0, y, width, 0);
    const label = document.createElement('span');
    label.textContent = step === 0 ? '0 s' : `${(step * 0.5).toFixed(1)} s`;
    label.style.top = `${y}px`;
    values.append(label);
  }
  for (let step = 1; step < 8; step += 1) {
    const x = (step * width) / 8;
    line(pen, x);
    const label = document.createElement('span');
    label.textContent = new Date(from + (step * (to - from)) / 8).toISOString().slice(11, 16);
    label.style.left = `${x}px`;
    document.querySelector('#axis').append(label);
  }
}

/** A latency that rises at the first mark, so that the picture shows what the mark is for. */
function series(pen) {
  const spike = marks.length === 0 ? width : xOf(marks.at(-1).timeEnd) - width / (hours * 12);
  pen.strokeStyle = '#73bf69';
  pen.lineWidth = 1.5;
  pen.beginPath();
  for (let x = 0; x <= width; x += 2) {
    const noise = Math.sin(x * 0.31) * 0.04 + Math.sin(x * 0.083) * 0.05 + Math.sin(x * 1.7) * 0.02;
    const rise = 1.25 / (1 + Math.exp(-(x - spike) / 6));
    const y = height - ((0.28 + noise + rise * (1 + noise)) / 2.2) * height;
    pen[x === 0 ? 'moveTo' : 'lineTo'](x, y);
  }
  pen.stroke();
}
