/** The longest cooldown that a route may have, milliseconds: nothing older counts for one. */
export const maxCooldownMs = 30 * 24 * 3_600_000;
