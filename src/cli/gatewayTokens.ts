import { Option } from 'commander';
import { PUBLIC_KEY_ALGORITHMS, SECRET_ALGORITHMS, type Ticket, type TicketKey, Tickets } from '../gateway/tickets.ts';
import { RedisTokens } from '../gateway/tokens/redisTokens.ts';
import { redeemFromFile, redeemFromFolder } from '../gateway/tokens/tokenFiles.ts';
import { Failure } from './failure.ts';
import { readSecret, readText } from './files.ts';
import { RepeatableOption } from './repeatableOption.ts';
import type { Terminal } from './terminal.ts';

export interface TokenOptions {
  readonly algorithm?: readonly string[];
  readonly secretFile?: string;
  readonly publicKeyFile?: string;
  readonly jwksFile?: string;
  readonly audience: string;
  readonly tokensFile?: string;
  readonly tokensFolder?: string;
  readonly redis?: string;
  readonly redisPrefix: string;
}

/** What `gateway` takes tokens for. */
export function tokenOptions(): readonly Option[] {
  const algorithms = [...SECRET_ALGORITHMS, ...PUBLIC_KEY_ALGORITHMS];
  return [
    new RepeatableOption('--algorithm <name>', `JSON Web Tokens, signed by one of: ${algorithms.join(', ')}`).conflicts(
      ['tokensFile', 'tokensFolder'],
    ),
    new Option('--secret-file <file>', 'HS algorithms: the shared secret is the first line of a file'),
    new Option('--public-key-file <file>', 'the others: the public key (PEM)').conflicts(['secretFile', 'jwksFile']),
    new Option('--jwks-file <file>', 'the others: a JSON Web Key Set').conflicts('secretFile'),
    new Option('--audience <text>', 'claim aud of tokens').default('urbdrc'),
    new Option(
      '--tokens-file <path>',
      'a file, or a folder of files, of lines TOKEN: HOST:PORT as websockify has them, or TOKEN: NAME of a target',
    ).conflicts('tokensFolder'),
    new Option('--tokens-folder <folder>', 'a folder with a file for each token, named as it, in it HOST:PORT or NAME'),
    new Option(
      '--redis <url>',
      'share what is known of tokens with other gateways: redis://HOST:PORT, rediss://, unix:/PATH',
    ),
    new Option('--redis-prefix <text>', 'begin of all keys in Redis').default('urbdrc:'),
  ];
}

/** What looks tokens up; `close` it at the end. */
export interface OpenTokens {
  redeem(token: string): Promise<Ticket>;
  /** Of somebody who was let in before with `known`. */
  readmit(token: string, known: Ticket): Promise<Ticket> | Ticket;
  /** Whether tokens can be looked up now. */
  canRedeem(): boolean;
  /** Those of some users whose access was taken back; undefined where nobody can do that. */
  readonly revoked?: (users: readonly string[]) => Promise<readonly string[]>;
  close(): void;
}

/** @throws Failure, UsageError or TransportError for options that cannot be meant, and when Redis cannot be reached */
export async function openTokens(options: TokenOptions, terminal: Terminal): Promise<OpenTokens> {
  const { algorithm, tokensFile, tokensFolder, redis: url, redisPrefix } = options;
  if ([algorithm, tokensFile, tokensFolder, url].every((given) => given === undefined)) {
    throw new Failure(
      'say how tokens are known: --algorithm and its key, --tokens-file, --tokens-folder or --redis',
      2,
    );
  }
  const key = algorithm === undefined ? undefined : await readKey(options, terminal);
  const redis = url === undefined ? undefined : await RedisTokens.open(url, redisPrefix, (line) => terminal.warn(line));
  const close = () => redis?.close();
  const admit = (ticket: Ticket) => redis?.admit(ticket) ?? ticket;
  const common = {
    close,
    readmit: (_: string, known: Ticket) => admit(known),
    canRedeem: () => redis?.isReached ?? true,
    ...(redis && { revoked: (users: readonly string[]) => redis.revoked(users) }),
  };
  try {
    // Good for as long as they stand there: looked up also when somebody comes back.
    const fromFiles = (lookUp: (token: string) => Promise<Ticket>): OpenTokens => {
      const redeem = async (token: string) => admit(await lookUp(token));
      return { ...common, redeem, readmit: redeem };
    };
    if (tokensFile !== undefined) return fromFiles((token) => redeemFromFile(tokensFile, token));
    if (tokensFolder !== undefined) return fromFiles((token) => redeemFromFolder(tokensFolder, token));
    if (redis !== undefined && key === undefined) return { ...common, redeem: (token) => redis.redeem(token) };
    const { audience } = options;
    const used = redis === undefined ? {} : { used: redis };
    if (algorithm === undefined || key === undefined) throw new Failure('--algorithm and its key go together', 2);
    const tickets = await Tickets.open({ key, algorithms: algorithm, audience, ...used });
    return { ...common, redeem: async (token) => admit(await tickets.redeem(token)) };
  } catch (error) {
    close();
    throw error;
  }
}

/** @throws Failure when it cannot be read, or none was given */
async function readKey({ secretFile, publicKeyFile, jwksFile }: TokenOptions, terminal: Terminal): Promise<TicketKey> {
  if (secretFile !== undefined) {
    const secret = await readSecret(secretFile, 'secret for tokens', (line) => terminal.say(line));
    return { kind: 'secret', secret: new TextEncoder().encode(secret) };
  }
  if (publicKeyFile !== undefined) return { kind: 'publicKey', pem: await readText(publicKeyFile) };
  if (jwksFile !== undefined) return { kind: 'keySet', json: await readText(jwksFile) };
  throw new Failure('give the key for tokens: --secret-file, --public-key-file or --jwks-file', 2);
}
