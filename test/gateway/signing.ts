import { randomUUID } from 'node:crypto';
import { type CryptoKey, SignJWT } from 'jose';

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
