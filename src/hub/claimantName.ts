import type { ConnectionIdentity } from '../ports/transport.ts';

/** The other end of a connection, for people: `alice (192.0.2.7)`, or the address alone. */
export function nameOf({ user, address }: ConnectionIdentity): string {
  return user?.name === undefined ? address : `${user.name} (${address})`;
}

/** A time for people, from milliseconds: `12 s`, `3 min`, `2 h`, `5 days`. */
export function forTime(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} days`;
}
