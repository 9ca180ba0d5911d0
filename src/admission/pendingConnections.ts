/** How many connections may be unproven at a time. */
export interface PendingLimits {
  readonly maximum: number;
  /** Of them from one network, see {@link networkOf}. */
  readonly perNetwork: number;
}

/** A connection that has not proved yet who it is. */
interface Pending {
  readonly network: string;
  /** How far its handshake has come. */
  readonly progress: () => number;
}

/**
 * The connections of a listener that have not proved yet who they are. There is always room for one more: when all places
 * are taken, or those of one network, an unproven connection gives way, so that no peer can keep others out by connecting
 * and saying nothing. It is one of the network that has the most; of those the one whose handshake has come the least
 * far; of those the oldest.
 */
export class PendingConnections<Connection> {
  readonly #limits: PendingLimits;
  /** The oldest first. */
  readonly #pending = new Map<Connection, Pending>();

  constructor(limits: PendingLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Enters a connection. Returns the one that has to give way to it, if any; that one has left already. */
  enter(connection: Connection, network: string, progress: () => number): Connection | undefined {
    const victim = this.#victim(network);
    if (victim !== undefined) this.#pending.delete(victim);
    this.#pending.set(connection, { network, progress });
    return victim;
  }

  /** The connection has proved who it is, or is closed. */
  leave(connection: Connection): void {
    this.#pending.delete(connection);
  }

  #victim(newcomer: string): Connection | undefined {
    const counts = new Map([[newcomer, 1]]);
    for (const { network } of this.#pending.values()) counts.set(network, (counts.get(network) ?? 0) + 1);
    const hasFullShare = (counts.get(newcomer) ?? 0) > this.#limits.perNetwork;
    if (!hasFullShare && this.#pending.size < this.#limits.maximum) return undefined;
    const most = Math.max(...counts.values());
    let victim: Connection | undefined;
    let least = Infinity;
    for (const [connection, { network, progress }] of this.#pending) {
      const steps = progress();
      if (counts.get(network) !== most || steps >= least) continue;
      victim = connection;
      least = steps;
    }
    return victim;
  }
}

/**
 * The part of an IP address that one peer has for itself: all of an IPv4 address, the first 64 bits of an IPv6 address.
 * An IPv4 address inside IPv6 counts as IPv4.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [, mapped] = /^::ffff:([\d.]+)$/i.exec(address) ?? [];
  if (mapped !== undefined) return mapped;
  const [head = [], tail = []] = address.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0');
  return [...head, ...zeros, ...tail].slice(0, 4).join(':').toLowerCase();
}
