import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import {
  type ClientReconnectCookie,
  RECONNECT_SECRET_SIZE,
  type ServerReconnectCookie,
} from '../../codecs/rdp/autoReconnect.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { ConnectionUser } from '../../src/ports/transport.ts';
import { isSameDigest } from '../secrets.ts';

/** A user who logged on, over all connections that go on with it. */
export interface RdpLogon {
  /** Stays the same in all of them. */
  readonly session: string;
  /** As whom; undefined where nobody had to prove anything. */
  readonly user: ConnectionUser | undefined;
}

interface KeptLogon extends RdpLogon {
  readonly logonId: number;
  /** Of the newest cookie: older ones are void. */
  arcRandomBits: Uint8Array;
  stream: Duplex | undefined;
  /** When the newest cookie is void; undefined while the connection is there. */
  until: number | undefined;
}

/** Logons that are kept at a time. */
const MAXIMUM_LOGONS = 1024;
/** With TLS there is no client random, [MS-RDPBCGR] 5.5. */
const NO_CLIENT_RANDOM = new Uint8Array(32);

/** The cookies by which clients come back without a password, [MS-RDPBCGR] 5.5. Each is for one logon, and the newest counts. */
export class ReconnectCookies {
  readonly #hold: number;
  readonly #clock: Clock;
  /** By LogonId, the oldest first. */
  readonly #logons = new Map<number, KeptLogon>();
  #nextLogonId = 1;

  /** @param hold milliseconds that a cookie is good after its connection is gone */
  constructor(hold: number, clock: Clock) {
    this.#hold = hold;
    this.#clock = clock;
  }

  /** The logon that a client's cookie proves; undefined where it proves nothing. */
  redeem({ logonId, securityVerifier }: ClientReconnectCookie): RdpLogon | undefined {
    const logon = this.#logons.get(logonId);
    const key = logon?.arcRandomBits ?? NO_CLIENT_RANDOM;
    const isProven = isSameDigest(securityVerifier, securityVerifierOf(key));
    return isProven && logon !== undefined && !this.#isOver(logon) ? logon : undefined;
  }

  /**
   * A connection stands, which goes on with `earlier` or is a new logon of `user`. A connection that the logon still has is
   * cut: only one can have it. Gives the client's cookie.
   */
  connected(stream: Duplex, user: ConnectionUser | undefined, earlier: RdpLogon | undefined): RdpLogon {
    const kept = [...this.#logons.values()].find((each) => each === earlier);
    const logon = kept ?? this.#newLogon(user);
    const old = logon.stream;
    logon.stream = stream;
    logon.until = undefined;
    old?.destroy();
    stream.once('close', () => {
      if (logon.stream !== stream) return;
      logon.stream = undefined;
      logon.until = this.#clock.now() + this.#hold;
    });
    return logon;
  }

  /** A new cookie, which makes the one before void. */
  newCookie(logon: RdpLogon): ServerReconnectCookie | undefined {
    const kept = [...this.#logons.values()].find((each) => each === logon);
    if (kept === undefined) return undefined;
    kept.arcRandomBits = randomBytes(RECONNECT_SECRET_SIZE);
    return { logonId: kept.logonId, arcRandomBits: kept.arcRandomBits };
  }

  #newLogon(user: ConnectionUser | undefined): KeptLogon {
    for (const logon of [...this.#logons.values()]) {
      if (this.#isOver(logon) || this.#logons.size >= MAXIMUM_LOGONS) this.#logons.delete(logon.logonId);
    }
    const logonId = this.#nextLogonId;
    this.#nextLogonId = (this.#nextLogonId % 0xffff_ffff) + 1;
    const arcRandomBits = randomBytes(RECONNECT_SECRET_SIZE);
    const logon = { session: randomUUID(), user, logonId, arcRandomBits, stream: undefined, until: undefined };
    this.#logons.set(logonId, logon);
    return logon;
  }

  #isOver({ until }: KeptLogon): boolean {
    return until !== undefined && this.#clock.now() >= until;
  }
}

/** What a client makes of a cookie's random bits where there is TLS, [MS-RDPBCGR] 5.5. */
export function securityVerifierOf(arcRandomBits: Uint8Array): Uint8Array {
  return createHmac('md5', arcRandomBits).update(NO_CLIENT_RANDOM).digest();
}
