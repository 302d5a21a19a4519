/** Milliseconds; measured: opening takes 11 to 15, an exec of `true` 86 to 152. */
export interface ExecTiming {
  handshake: number;
  /** How long to keep reopening after a failed handshake or a 5xx, as during a rollout of the API server. */
  reopen: number;
  /** Between pings, and between checks for silence. */
  heartbeat: number;
  /** How long the server may send nothing, not even a pong, or take no stdin. */
  silence: number;
}
