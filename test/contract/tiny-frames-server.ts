import type { Duplex } from 'node:stream';
import { fakeApiServer } from '../cluster/fake-apiserver.ts';

/**
 * An API server, in a process of its own, whose execs never end and say one byte a frame, as fast as they are read:
 * a command in a target that writes byte by byte. Prints its address.
 */
const channel = process.argv[2] === 'stderr' ? 2 : 1;
const burst = Buffer.concat(Array.from({ length: 16_384 }, () => Buffer.from([0x82, 2, channel, 120])));

const server = await fakeApiServer({
  exec: ({ socket }) => {
    const wire = (socket as unknown as { _socket: Duplex })._socket;
    const flood = (): void => {
      while (!wire.destroyed && wire.write(burst));
    };
    wire.on('drain', flood);
    flood();
  },
});
process.stdout.write(`${server.access.server}\n`);
