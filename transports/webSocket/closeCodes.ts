import { printable, shortUtf8 } from '../../codecs/core/text.ts';
import { TransportError, type TransportErrorCode } from '../transportError.ts';

/** Why an end closes a WebSocket. */
export interface Farewell {
  /** [RFC 6455] 7.4; 4000 to 4999 are ours, docs/transports.md. */
  readonly code: number;
  /** For people: one line, at most 123 bytes in UTF-8. */
  readonly reason: string;
}

/** Nothing is wrong. */
export const NORMAL: Farewell = { code: 1000, reason: '' };

/** Bytes of a reason, [RFC 6455] 5.5: 125 of a control frame without the code. */
const LONGEST_REASON = 123;

/** What is told to the other end about an error of this end. All other errors are 4400. */
const CODES: Partial<Record<TransportErrorCode, number>> = {
  TOKEN_MISSING: 4401,
  WRONG_TOKEN: 4401,
  ORIGIN_REFUSED: 4403,
  TIMED_OUT: 4408,
  CONNECTION_LOST: 4408,
  SESSION_REFUSED: 4409,
  SESSION_ENDED: 4410,
  SESSION_GONE: 4410,
  TOO_MANY_CONNECTIONS: 4429,
  // Of a gateway, docs/gateway.md.
  GATEWAY_ENDING: 1012,
  NO_SUCH_TARGET: 4404,
  UPSTREAM_FAILED: 4502,
  UPSTREAM_BUSY: 4503,
  UPSTREAM_TIMED_OUT: 4504,
};

/** What the other end's code means here. */
const MEANINGS: ReadonlyMap<number, TransportErrorCode> = new Map([
  [1002, 'PROTOCOL_VIOLATED'],
  [1003, 'PROTOCOL_VIOLATED'],
  [1007, 'PROTOCOL_VIOLATED'],
  [1008, 'SESSION_REFUSED'],
  [1009, 'PROTOCOL_VIOLATED'],
  [1012, 'GATEWAY_ENDING'],
  [1013, 'TOO_MANY_CONNECTIONS'],
  [4400, 'PROTOCOL_VIOLATED'],
  [4401, 'WRONG_TOKEN'],
  [4403, 'ORIGIN_REFUSED'],
  [4404, 'NO_SUCH_TARGET'],
  [4408, 'TIMED_OUT'],
  [4409, 'SESSION_REFUSED'],
  [4410, 'SESSION_ENDED'],
  [4429, 'TOO_MANY_CONNECTIONS'],
  [4502, 'UPSTREAM_FAILED'],
  [4503, 'UPSTREAM_BUSY'],
  [4504, 'UPSTREAM_TIMED_OUT'],
]);

/** Closes that are the ordinary end: done, going away (a page was left), and without a code. */
const ORDINARY: readonly number[] = [1000, 1001, 1005];

/** How to close because of an error. Its name for the other end is left out of the reason, which knows it. */
export function farewellFor(error: Error, remote: string): Farewell {
  const code = (error instanceof TransportError ? CODES[error.code] : undefined) ?? 4400;
  const line = error.message.startsWith(remote)
    ? error.message.slice(remote.length).replace(/^[:\s]+/, '')
    : error.message;
  return { code, reason: shortened(line) };
}

/** The error that a close tells, undefined for an ordinary end. */
export function errorOfClose({ code, reason }: Farewell, remote: string): TransportError | undefined {
  if (ORDINARY.includes(code)) return undefined;
  // 1006 stands for no close frame at all.
  if (code === 1006) return new TransportError('CONNECTION_LOST', `${remote}: the connection was lost`);
  const why = printable(reason);
  const line = `${remote} closed the connection${why === '' ? '' : `: ${why}`} (WebSocket close code ${code})`;
  return new TransportError(MEANINGS.get(code) ?? 'CONNECTION_LOST', line);
}

/** One line, cut after a whole character. */
function shortened(text: string): string {
  return new TextDecoder().decode(shortUtf8(printable(text), LONGEST_REASON));
}
