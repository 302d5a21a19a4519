/** One line on stderr that counts down to the end of a window. Only on a terminal. */
export class ProgressLine {
  #timer: NodeJS.Timeout | undefined;

  /** @param end of the window, milliseconds since the epoch */
  start(name: string, end: number): void {
    if (!process.stderr.isTTY) return;
    const show = (): void => {
      const seconds = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      process.stderr.write(`\rprofiling ${name}: ${seconds} s `);
    };
    show();
    this.#timer = setInterval(show, 1_000);
  }

  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    process.stderr.write('\r\u001b[K');
  }
}

/** One line on stderr, for the person who runs the command. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
