import { loadConfiguration } from '../../src/config/load.ts';
import { serve } from '../../src/serve/serve.ts';
import { windowSeconds } from './window-seconds.ts';

/**
 * `flamepin serve` with windows too short for a configuration: `serve --config FILE`. Everything else is the product's
 * own. Two hundred kills of windows that last 15 s would take an hour.
 */
const file = process.argv.at(-1) ?? '';
await serve(() => {
  const configuration = loadConfiguration(file);
  const routes = configuration.routes.map((route) => ({ ...route, duration: windowSeconds * 1000 }));
  return { ...configuration, routes };
});
