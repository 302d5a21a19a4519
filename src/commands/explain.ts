import type { HostInventory } from '../alerts/host-inventory.ts';
import { loadConfiguration, type Configuration, type SecretUse } from '../config/load.ts';
import { asFailure, describeReason } from '../reasons/failure.ts';
import { explainDecision, type Explanation } from '../routing/explain.ts';
import { suggestPanels, type PanelQuery } from '../routing/panel.ts';
import { openInventory } from '../serve/open-inventory.ts';
import { openTargets } from '../serve/open-targets.ts';
import { routingRules } from '../serve/routing-rules.ts';
import { commandsAfter, foresee } from './explain-commands.ts';
import { readAlerts, type ExplainInput } from './explain-input.ts';
import { jsonOf, pageOf, type Explained } from './explain-page.ts';
import { SentRequests } from './explain-requests.ts';
import { TargetSearch } from './explain-target.ts';
import { onStderr } from './on-stderr.ts';

/** Reading up to 50 dashboards, milliseconds. */
const suggestMs = 30_000;

export interface ExplainOptions {
  config?: string;
  json: boolean;
  /** Look in Grafana for the panel of an alert that names none. */
  suggest: boolean;
  /** Decide only, and ask nobody for the target. */
  offline: boolean;
}

/**
 * `flamepin explain`: for each alert what serve answers and which target it finds, or why none, with the requests that serve
 * sends to look for it; they only read, and nothing runs in a target. Resolves to false when somebody could not be asked.
 * Duplicates, cooldowns, blocks and pauses are not checked: the ledger is locked by the flamepin that serves.
 */
export async function explain(input: ExplainInput, options: ExplainOptions): Promise<boolean> {
  const configuration = load(input, options);
  const { alerts, warnings, moreLabels = false } = await readAlerts(input, configuration);
  for (const warning of warnings) process.stderr.write(`${warning}\n`);
  if (alerts.length === 0) process.stderr.write('There are no alerts in it.\n');
  const inventory = await openInventory(configuration, onStderr, options);
  const rules = routingRules(configuration, inventory);
  const explanations = alerts.map((alert) => explainDecision(alert, rules));
  const queries = options.suggest ? await panelQueriesFor(explanations, configuration) : null;
  const look = options.offline ? foretelling(configuration) : searching(configuration, inventory);
  const all: unknown[] = [];
  let asked = true;
  try {
    for (const [at, explanation] of explanations.entries()) {
      const looked = queries !== null && explanation.panel === null;
      const suggested = looked ? suggestPanels(explanation.alert.generatorUrl, queries) : null;
      const explained = { explanation, moreLabels, suggested, ...(await look.at(explanation)) };
      asked &&=
        explained.finding.result !== 'unanswered' && explained.sent.every(({ failure }) => failure === null);
      if (options.json) all.push(jsonOf(explained));
      else process.stdout.write(`${at === 0 ? '' : '\n'}${pageOf(explained, configuration.limits)}`);
    }
  } finally {
    await look.end();
  }
  if (options.json) process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
  return asked;
}

/** With the secrets of those who are asked, and no others. */
function load(input: ExplainInput, { config, suggest, offline }: ExplainOptions): Configuration {
  const secrets: SecretUse[] = [];
  // Both are asked for the rule of an alert, and for the values of its pods.
  if (!offline) secrets.push('prometheus', 'grafana');
  else if (suggest || input.from === 'grafana') secrets.push('grafana');
  try {
    return loadConfiguration(config, undefined, { secrets });
  } catch (error) {
    // Throws by itself where more is wrong than a secret.
    loadConfiguration(config, undefined, { secrets: [] });
    if (!offline)
      process.stderr.write('--offline needs no secret of Prometheus or Grafana: it only decides.\n');
    throw error;
  }
}

interface Look {
  at(explanation: Explanation): Promise<Pick<Explained, 'finding' | 'sent' | 'commands'>>;
  end(): Promise<void>;
}

function searching(configuration: Configuration, inventory: HostInventory | null): Look {
  const targets = openTargets(configuration, inventory);
  const requests = new SentRequests();
  const search = new TargetSearch(targets, requests);
  return {
    at: async (explanation) => {
      const looked = await search.look(explanation);
      return { ...looked, commands: await commandsAfter(explanation, looked.finding, configuration) };
    },
    end: async () => {
      requests[Symbol.dispose]();
      await targets.close();
    },
  };
}

function foretelling(configuration: Configuration): Look {
  return {
    at: async (explanation) => ({ ...(await foresee(explanation, configuration)), sent: [] }),
    end: () => Promise.resolve(),
  };
}

/** Null, with a message on stderr, if there is nothing to look for or Grafana cannot be asked. */
async function panelQueriesFor(
  explanations: readonly Explanation[],
  { grafana, secrets }: Configuration,
): Promise<PanelQuery[] | null> {
  if (!explanations.some(({ panel, expression }) => panel === null && expression !== null)) return null;
  if (grafana === undefined) {
    process.stderr.write('No panel can be suggested: grafana is not configured.\n');
    return null;
  }
  const { panelQueries } = await import('../annotations/panel-queries.ts');
  const token = () => Promise.resolve(secrets.grafanaToken?.read() ?? '');
  try {
    return await panelQueries({ url: grafana.url, token }, AbortSignal.timeout(suggestMs));
  } catch (error) {
    const { sentence, detail, remedy } = describeReason(asFailure(error).reason);
    process.stderr.write(`No panel can be suggested: ${sentence} (${detail}) ${remedy}\n`);
    return null;
  }
}
