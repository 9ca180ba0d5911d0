import { randomUUID } from 'node:crypto';
import { type CryptoKey, SignJWT } from 'jose';
import { Tickets } from '../../src/gateway/tickets.ts';

/** The time of day of the tests, seconds since 1970. */
export const NOW = 1_800_000_000;
export const SECRET = new TextEncoder().encode('0123456789abcdef0123456789abcdef');

/** A good token, but for what is given. */
export function token(
  claims: Readonly<Record<string, unknown>> = {},
  key: Uint8Array | CryptoKey = SECRET,
  alg = 'HS256',
): Promise<string> {
  const good = { aud: 'urbdrc', sub: 'alice', tgt: 'desk', jti: randomUUID(), exp: NOW + 60 };
  return new SignJWT({ ...good, ...claims }).setProtectedHeader({ alg }).sign(key);
}

/** Tickets of these tokens, at {@link NOW}. */
export function openTickets(): Promise<Tickets> {
  return Tickets.open({
    key: { kind: 'secret', secret: SECRET },
    algorithms: ['HS256'],
    audience: 'urbdrc',
    time: () => new Date(1000 * NOW),
  });
}
