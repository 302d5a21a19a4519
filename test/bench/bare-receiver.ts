import { open } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:http';
import express from 'express';

/** The least that a receiver must do before it answers: the body is on the disk. Prints its address. */
const file = await open(process.argv[2] ?? '', 'a');
const app = express();
app.post('/', express.raw({ type: () => true, limit: '16mb' }), async (request, response) => {
  await file.appendFile(request.body as Buffer);
  await file.sync();
  response.json({});
});
const server = createServer(app).listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
console.log(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/`);
