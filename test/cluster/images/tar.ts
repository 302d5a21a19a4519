/** A tar archive in the making (POSIX ustar), in memory: what a layer and an image archive are. */
export class Tar {
  readonly #blocks: Buffer[] = [];

  directory(path: string, mode = 0o755): void {
    this.#entry(`${path}/`, '5', mode, Buffer.alloc(0), '');
  }

  link(path: string, target: string): void {
    this.#entry(path, '2', 0o777, Buffer.alloc(0), target);
  }

  file(path: string, data: Buffer, mode = 0o644): void {
    this.#entry(path, '0', mode, data, '');
  }

  bytes(): Buffer {
    return Buffer.concat([...this.#blocks, Buffer.alloc(1024)]);
  }

  #entry(path: string, kind: string, mode: number, data: Buffer, target: string): void {
    const header = Buffer.alloc(512);
    const [prefix, name] = splitPath(path);
    const octal = (value: number, width: number) => value.toString(8).padStart(width - 1, '0');
    header.write(name, 0);
    header.write(octal(mode, 8), 100);
    header.write(octal(0, 8), 108);
    header.write(octal(0, 8), 116);
    header.write(octal(data.length, 12), 124);
    // The same content gives the same archive: no times, no owners.
    header.write(octal(0, 12), 136);
    header.write(' '.repeat(8), 148);
    header.write(kind, 156);
    header.write(target, 157);
    header.write('ustar\x0000', 257);
    header.write(prefix, 345);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${octal(sum, 7)}\x00 `, 148);
    this.#blocks.push(header, data, Buffer.alloc((512 - (data.length % 512)) % 512));
  }
}

/** ustar keeps 100 bytes of name and 155 of leading directories. */
function splitPath(path: string): [prefix: string, name: string] {
  if (path.length <= 100) return ['', path];
  const slash = path.indexOf('/', path.length - 101);
  if (slash < 1 || slash > 155) throw new Error(`The path is too long for a tar archive: ${path}`);
  return [path.slice(0, slash), path.slice(slash + 1)];
}
