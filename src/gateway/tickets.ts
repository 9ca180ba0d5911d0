import { createPublicKey } from 'node:crypto';
import type * as Jose from 'jose';
import { UsageError } from '../../codecs/core/errors.ts';
import { TransportError } from '../../transports/transportError.ts';
import { wrongToken } from './tokens/plainToken.ts';
import { OwnUsedTokens, type UsedTokens } from './tokens/usedTokens.ts';

/** Signatures, [RFC 7518] 3.1 and [RFC 8037] 3.1, by the kind of key that they are checked with. */
export const SECRET_ALGORITHMS: readonly string[] = ['HS256', 'HS384', 'HS512'];
export const PUBLIC_KEY_ALGORITHMS: readonly string[] = ['EdDSA', 'ES256', 'ES384', 'PS256', 'RS256'];

/** What signatures are checked with: a shared secret, a public key (PEM), or a JSON Web Key Set, [RFC 7517] 5, as text. */
export type TicketKey =
  | { readonly kind: 'secret'; readonly secret: Uint8Array }
  | { readonly kind: 'publicKey'; readonly pem: string }
  | { readonly kind: 'keySet'; readonly json: string };

/** What a ticket permits. */
export interface Ticket {
  /** Claim `sub`. */
  readonly user: string;
  /** Claim `tgt`: the name of a target. */
  readonly target: string;
  /** Where it is, as the URL of a target: for tokens that tell it themselves, from where only the owner writes. */
  readonly place?: string;
}

export interface TicketOptions {
  readonly key: TicketKey;
  /** One or more of those that fit the key. What a ticket's header says beside them does not count. */
  readonly algorithms: readonly string[];
  /** Claim `aud`. */
  readonly audience: string;
  /** Where used tickets are remembered. Default: in this process, 10000 of them. */
  readonly used?: UsedTokens;
  /** The time of day. Default: the machine's. */
  readonly time?: () => Date;
}

/** Bytes of a shared secret, [RFC 7518] 3.2: as many as HS256 gives. */
const SHORTEST_SECRET = 32;
/** Characters. */
const LONGEST_TOKEN = 4096;
const LONGEST_CLAIM = 128;
/** Seconds by which the clocks of two machines may differ. */
const LEEWAY = 30;
/** Seconds to the end of a ticket: for so long a used one has to be remembered. */
const LONGEST_LIFE = 300;
const MAXIMUM_USED = 10_000;

/** Checks tickets, JSON Web Tokens of [RFC 7519] that are good for one connection each. */
export class Tickets {
  readonly #jose: typeof Jose;
  readonly #keyFor: Jose.JWTVerifyGetKey;
  readonly #algorithms: string[];
  readonly #audience: string;
  readonly #used: UsedTokens;
  readonly #time: () => Date;

  /** @throws UsageError for a key that is none, or algorithms that do not fit it */
  constructor(jose: typeof Jose, options: TicketOptions) {
    const { key, algorithms, audience, used = new OwnUsedTokens(MAXIMUM_USED), time = () => new Date() } = options;
    const fitting = key.kind === 'secret' ? SECRET_ALGORITHMS : PUBLIC_KEY_ALGORITHMS;
    const misfit = algorithms.find((name) => !fitting.includes(name));
    if (misfit !== undefined || algorithms.length === 0) {
      const kind = key.kind === 'secret' ? 'a shared secret' : 'a public key';
      throw new UsageError(`${misfit ?? 'no algorithm'} does not go with ${kind}: use ${fitting.join(', ')}`);
    }
    this.#jose = jose;
    this.#keyFor = lookUp(jose, key);
    this.#algorithms = [...algorithms];
    this.#audience = audience;
    this.#used = used;
    this.#time = time;
  }

  /** Loads the library, which no other command needs. @throws as the constructor */
  static async open(options: TicketOptions): Promise<Tickets> {
    return new Tickets(await import('jose'), options);
  }

  /**
   * Takes a token for the one connection that it is good for.
   * @throws TransportError `WRONG_TOKEN`, in words for whoever connects; `TOO_MANY_CONNECTIONS` where no more can be remembered
   */
  async redeem(token: string): Promise<Ticket> {
    if (token.length > LONGEST_TOKEN) throw wrongToken(`the token has more than ${LONGEST_TOKEN} characters`);
    const now = this.#time();
    const { sub, tgt, jti, exp = 0 } = await this.#claimsOf(token, now);
    const user = textIn('sub', sub);
    const target = textIn('tgt', tgt);
    const id = textIn('jti', jti);
    const seconds = now.getTime() / 1000;
    if (exp - seconds > LONGEST_LIFE + LEEWAY) throw wrongToken(`the token is good for more than ${LONGEST_LIFE} s`);
    if (!(await this.#used.take(id, exp + LEEWAY, seconds)))
      throw wrongToken('the token was used before: get a new one');
    return { user, target };
  }

  async #claimsOf(token: string, currentDate: Date): Promise<Jose.JWTPayload> {
    try {
      const { payload } = await this.#jose.jwtVerify(token, this.#keyFor, {
        algorithms: this.#algorithms,
        audience: this.#audience,
        requiredClaims: ['exp', 'sub', 'tgt', 'jti'],
        clockTolerance: LEEWAY,
        currentDate,
      });
      return payload;
    } catch (error) {
      throw new TransportError('WRONG_TOKEN', problemOf(this.#jose, error), { cause: error });
    }
  }
}

function lookUp({ createLocalJWKSet }: typeof Jose, key: TicketKey): Jose.JWTVerifyGetKey {
  switch (key.kind) {
    case 'secret': {
      const { secret } = key;
      if (secret.byteLength < SHORTEST_SECRET) {
        throw new UsageError(
          `the secret for tokens has ${secret.byteLength} bytes, it needs ${SHORTEST_SECRET} at least: openssl rand -hex 32`,
        );
      }
      return () => secret;
    }
    case 'publicKey': {
      const publicKey = parsed('a public key in PEM', () => createPublicKey(key.pem));
      return () => publicKey;
    }
    case 'keySet':
      return parsed('a JSON Web Key Set', () => {
        const set: unknown = JSON.parse(key.json);
        if (!isKeySet(set)) throw new UsageError('there is no list "keys" in it');
        return createLocalJWKSet(set);
      });
  }
}

/** Each key is checked when it is used. */
function isKeySet(value: unknown): value is Jose.JSONWebKeySet {
  return typeof value === 'object' && value !== null && 'keys' in value && Array.isArray(value.keys);
}

function parsed<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(`the key for tokens is not ${what}`, { cause: error });
  }
}

/** @throws TransportError */
function textIn(claim: string, value: unknown): string {
  if (typeof value === 'string' && value !== '' && value.length <= LONGEST_CLAIM) return value;
  throw wrongToken(`the token's claim ${claim} is not a text of 1 to ${LONGEST_CLAIM} characters`);
}

function problemOf({ errors }: typeof Jose, error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired: get a new one';
  if (error instanceof errors.JWTClaimValidationFailed) return `the token's claim ${error.claim} is missing or wrong`;
  if (error instanceof errors.JOSEAlgNotAllowed)
    return 'the token is signed with an algorithm that is not allowed here';
  if (error instanceof errors.JWTInvalid || error instanceof errors.JWSInvalid) return 'the token is not a JWT';
  return 'the token is not signed with a key that is trusted here';
}
