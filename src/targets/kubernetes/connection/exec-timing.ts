/** Milliseconds; measured: opening takes 11 to 15, an exec of `true` 86 to 152. */
export interface ExecTiming {
  handshake: number;
  /** How long it is opened again after a broken handshake or a 5xx: an API server that rolls, a balancer behind it. */
  reopen: number;
  /** Between pings, and between looks at whether anything came. */
  heartbeat: number;
  /** Nothing at all came from the server, not even an answer to a ping, or it took no more stdin. */
  silence: number;
}
