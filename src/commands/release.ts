import { loadConfiguration } from '../config/load.ts';
import { openLedger } from '../serve/open-ledger.ts';

/**
 * `flamepin release [KEY]`: lists what is blocked because a target died after its window, or lets it be profiled
 * again. Resolves to false when there is no such block. The ledger is one process' own: beside a running server,
 * `POST /blocks/release` does the same.
 */
export async function release(key: string | undefined, options: { config?: string }): Promise<boolean> {
  const ledger = openLedger(loadConfiguration(options.config));
  try {
    if (key === undefined) {
      const blocks = await ledger.blocks();
      for (const block of blocks)
        process.stdout.write(
          `${block.key}\t${new Date(block.since).toISOString()}\t${block.captureId}\t${block.reason}\n`,
        );
      if (blocks.length === 0) process.stderr.write('Nothing is blocked.\n');
      return true;
    }
    const released = await ledger.releaseBlock(key);
    process.stderr.write(
      released
        ? `Released ${key}.\n`
        : `There is no block ${key}. Run it without a key to list the blocks.\n`,
    );
    return released;
  } finally {
    await ledger.close();
  }
}
