/** Where to log in. null: as configured. */
export interface Login {
  user: string | null;
  /** A name or an address, without brackets. */
  host: string;
  port: number | null;
}

/** Hosts from outside the configuration, as Prometheus discovers them. */
export interface HostInventory {
  /** The hosts that alerts call by this name or address (lower case): none, one, or several if nothing tells them apart. */
  find(name: string): readonly Login[];
  /** Sources that could not be read yet, in words: a host that is not found may be one of theirs. */
  unread(): readonly string[];
}

/** Hosts that alerts may lead to: those that fit a pattern, and those of the inventory. */
export interface ReachableHosts {
  /** RE2 that fits the whole name. Without patterns and without an inventory every host may be reached. */
  hosts?: readonly string[] | undefined;
  inventory?: HostInventory | null | undefined;
}
