import { createHash, timingSafeEqual } from 'node:crypto';

/** Compares secrets (texts in UTF-8) in a time that tells nothing about the expected one, not even its length. */
export function isSameSecret(presented: Uint8Array | string, expected: Uint8Array | string): boolean {
  const digest = (secret: Uint8Array | string) => createHash('sha256').update(secret).digest();
  return isSameDigest(digest(presented), digest(expected));
}

/** Compares two digests of one length in a time that tells nothing about where they differ. */
export function isSameDigest(presented: Uint8Array, expected: Uint8Array): boolean {
  return timingSafeEqual(presented, expected);
}
