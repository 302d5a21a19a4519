/** Beside every time that the server wrote in UTC, the same in the reader's own zone; nothing where that is UTC. */
export function addLocalTimes(within: HTMLElement): void {
  for (const time of within.querySelectorAll<HTMLTimeElement>('time[data-until]')) {
    const from = new Date(time.dateTime);
    const to = new Date(time.dataset['until'] ?? '');
    if (Number.isNaN(from.getTime()) || from.getTimezoneOffset() === 0) continue;
    const clock = (at: Date): string =>
      [at.getHours(), at.getMinutes(), at.getSeconds()]
        .map((part) => String(part).padStart(2, '0'))
        .join(':');
    const own = from.getTime() === to.getTime() ? clock(from) : `${clock(from)}–${clock(to)}`;
    time.append(` (${own} your time)`);
  }
}
