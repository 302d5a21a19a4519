import { randomUUID } from 'node:crypto';
import { after, before, describe } from 'node:test';
import { dockerExec } from '../../src/targets/docker/docker-exec.ts';
import { Engine } from '../../src/targets/docker/engine.ts';
import { startEngine, type ContainerEngine } from '../setup/docker-engine.ts';
import { execContract } from './exec.ts';

for (const kind of ['docker', 'podman'] as const)
  describe(`containers of ${kind}`, () => {
    let engine: ContainerEngine;
    before(async () => {
      engine = await startEngine(kind);
    });
    after(() => engine.stop());

    execContract(kind, async () => {
      const name = `c-${randomUUID()}`;
      const id = await engine.run(name, ['sleep', '1000']);
      return {
        exec: dockerExec(new Engine({ name: 'local', socket: engine.socket }), id),
        loseTarget: async () => {
          await engine.docker('rm', '--force', name);
        },
        close: async () => {
          await engine.docker('rm', '--force', name);
        },
      };
    });
  });
