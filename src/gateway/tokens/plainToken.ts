import { createHash } from 'node:crypto';
import { TransportError } from '../../../transports/transportError.ts';
import type { Ticket } from '../tickets.ts';

/** A token that is looked up: no path, no pattern, nothing that a file or a key would take for something else. */
const TOKEN = /^[\w.~=-]{1,256}$/;
const NAME = /^[^\p{Cc}]{1,128}$/u;

/** @throws TransportError for what cannot be one */
export function plainToken(token: string): string {
  if (TOKEN.test(token) && !/^\.+$/.test(token)) return token;
  throw wrongToken('the token is not 1 to 256 letters, digits and . _ ~ = -');
}

/** @throws TransportError for names that are none */
export function plainTicket(user: string, target: string): Ticket {
  if (NAME.test(user) && NAME.test(target)) return { user, target };
  throw wrongToken('user and target of this token are not texts of 1 to 128 characters');
}

/** What a token is called that has no user: whoever sees it cannot use it. */
export function nameOfToken(token: string): string {
  return `token ${createHash('sha256').update(token).digest('hex').slice(0, 12)}`;
}

export function wrongToken(problem: string): TransportError {
  return new TransportError('WRONG_TOKEN', problem);
}

/** Of a user for whom there is a key that says so. */
export function accessTakenBack(): TransportError {
  return wrongToken('the access of this user was taken back');
}
