/** Skew between Prometheus' clock and the target's: a JVM that started this soon after the alert counts as older. */
const clockToleranceMs = 5_000;

/**
 * Whether the process that was slow when the alert began has been replaced since. Both ISO; false when either is unknown:
 * Alertmanager and Grafana write year 1 when they do not know.
 */
export function restartedSince(startedAt: string | null, alertStartsAt: string): boolean {
  const started = Date.parse(startedAt ?? '');
  const began = Date.parse(alertStartsAt);
  if (Number.isNaN(started) || Number.isNaN(began) || began <= 0) return false;
  return started > began + clockToleranceMs;
}
