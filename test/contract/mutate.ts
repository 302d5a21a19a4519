/** Numbers that look random and are the same in every run. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** One damaged copy: bits flipped, bytes cut, doubled or swapped, numbers set to their extremes. */
export function mutate(original: Buffer, random: (below: number) => number): Buffer {
  const bytes = Buffer.from(original);
  const at = () => random(bytes.length);
  switch (random(8)) {
    case 0:
      return bytes.subarray(0, at());
    case 1: {
      const from = at();
      return Buffer.concat([
        bytes.subarray(0, from),
        bytes.subarray(Math.min(bytes.length, from + 1 + random(64))),
      ]);
    }
    case 2: {
      const from = at();
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(random(from + 1))]);
    }
    case 3:
      bytes.fill(0xff, at(), at());
      return bytes;
    case 4:
      // The header: sizes, offsets, clocks, flags.
      for (let i = 0; i <= random(3); i++) bytes[8 + random(60)] = [0, 1, 0x7f, 0x80, 0xff][random(5)]!;
      return bytes;
    case 5: {
      // The first kilobytes are the schema: what it says steers everything else.
      const limit = Math.min(bytes.length, 12_000);
      for (let i = 0; i <= random(4); i++) bytes[68 + random(limit - 68)] = random(256);
      return bytes;
    }
    default:
      for (let i = 0; i <= random(20); i++) {
        const where = at();
        bytes[where] = bytes[where]! ^ (1 << random(8));
      }
      return bytes;
  }
}
