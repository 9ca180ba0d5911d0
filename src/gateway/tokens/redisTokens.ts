import type { Redis } from 'ioredis';
import { UsageError } from '../../../codecs/core/errors.ts';
import { TransportError } from '../../../transports/transportError.ts';
import type { Ticket } from '../tickets.ts';
import { accessTakenBack, plainTicket, plainToken, wrongToken } from './plainToken.ts';
import type { UsedTokens } from './usedTokens.ts';

/** Milliseconds for a connection to Redis, and for an answer of it. */
const TIMEOUT = 3000;
/** Milliseconds until Redis is dialled again. */
const RETRY = 500;

/** What gateways share in a Redis: which tickets were used, who is shut out, and tokens that are no JSON Web Tokens. */
export class RedisTokens implements UsedTokens {
  readonly #redis: Redis;
  readonly #prefix: string;

  private constructor(redis: Redis, prefix: string) {
    this.#redis = redis;
    this.#prefix = prefix;
  }

  /**
   * Loads the library, and connects.
   * @param onTrouble is told once, in a line, when Redis cannot be reached any more
   * @throws UsageError for an address that is none; TransportError when nobody answers there
   */
  static async open(url: string, prefix: string, onTrouble: (line: string) => void): Promise<RedisTokens> {
    const path = /^unix:(\/[^\0]+)$/.exec(url)?.[1];
    if (path === undefined && (!URL.canParse(url) || !/^rediss?:$/.test(new URL(url).protocol))) {
      throw new UsageError('Redis is at redis://HOST:PORT/DATABASE, rediss:// with TLS, or unix:/PATH');
    }
    const { Redis: Client } = await import('ioredis');
    const redis = new Client(path ?? url, {
      lazyConnect: true,
      connectTimeout: TIMEOUT,
      commandTimeout: TIMEOUT,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      retryStrategy: () => RETRY,
    });
    let isInTrouble = true;
    redis.on('ready', () => (isInTrouble = false));
    redis.on('error', (error: Error) => {
      if (!isInTrouble) onTrouble(`Redis is not reached, no token is taken: ${error.message}`);
      isInTrouble = true;
    });
    redis.on('close', () => {
      if (!isInTrouble) onTrouble('Redis has closed the connection, no token is taken until it is back');
      isInTrouble = true;
    });
    try {
      await redis.connect();
    } catch (cause) {
      redis.disconnect();
      throw new TransportError(
        'UPSTREAM_FAILED',
        `Redis does not let this gateway in at ${path ?? new URL(url).host}`,
        { cause },
      );
    }
    return new RedisTokens(redis, prefix);
  }

  /** Whether tokens can be looked up now. */
  get isReached(): boolean {
    return this.#redis.status === 'ready';
  }

  async take(id: string, until: number, now: number): Promise<boolean> {
    const seconds = Math.max(1, Math.ceil(until - now));
    return (await this.#ask((redis) => redis.set(`${this.#prefix}used:${id}`, '1', 'EX', seconds, 'NX'))) === 'OK';
  }

  /** @throws TransportError `WRONG_TOKEN` for a user for whom there is a key PREFIX`revoked:`USER */
  async admit(ticket: Ticket): Promise<Ticket> {
    if (await this.#isRevoked(ticket.user)) throw accessTakenBack();
    return ticket;
  }

  /** Those of some users for whom there is such a key. @throws TransportError while Redis cannot be reached */
  async revoked(users: readonly string[]): Promise<readonly string[]> {
    const answers = await Promise.all(users.map((user) => this.#isRevoked(user)));
    return users.filter((_, index) => answers[index]);
  }

  /**
   * Takes a token whose key, PREFIX`token:`TOKEN, has `{"user": ..., "target": ...}`, and removes the key.
   * @throws TransportError
   */
  async redeem(token: string): Promise<Ticket> {
    const key = `${this.#prefix}token:${plainToken(token)}`;
    const text = await this.#ask((redis) => redis.getdel(key));
    if (text === null) throw wrongToken('there is no such token, or it was used before: get a new one');
    return this.admit(ticketIn(text));
  }

  close(): void {
    this.#redis.disconnect();
  }

  async #isRevoked(user: string): Promise<boolean> {
    return (await this.#ask((redis) => redis.exists(`${this.#prefix}revoked:${user}`))) > 0;
  }

  async #ask<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    try {
      return await command(this.#redis);
    } catch (cause) {
      throw new TransportError('UPSTREAM_FAILED', 'tokens cannot be looked up now: try again later', { cause });
    }
  }
}

function ticketIn(text: string): Ticket {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value === 'object' && value !== null && 'user' in value && 'target' in value) {
    const { user, target } = value;
    if (typeof user === 'string' && typeof target === 'string') return plainTicket(user, target);
  }
  throw wrongToken('what was written for this token is not {"user": ..., "target": ...}');
}
