import { DecodeError, ProtocolError } from '../../../codecs/core/errors.ts';
import { NegotiationFailure } from '../../../codecs/rdp/x224.ts';

/** Why a server did not let a client in, or ended its session. Listed for users in docs/errors.md. */
export type RdpRefusalErrorCode =
  'CHANNEL_MISSING' | 'LICENSE_REFUSED' | 'LOGON_REFUSED' | 'SECURITY_REFUSED' | 'SESSION_ENDED';

/** The server refused the client or ended its session. The message is one line without the server's name. */
export class RdpRefusalError extends Error {
  override readonly name = 'RdpRefusalError';
  /** Stable, for programs. */
  readonly code: RdpRefusalErrorCode;

  constructor(code: RdpRefusalErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Whether the other end is to blame: its bytes, their order, or its refusal. */
export function isPeerError(error: unknown): error is DecodeError | ProtocolError | RdpRefusalError {
  return error instanceof DecodeError || error instanceof ProtocolError || error instanceof RdpRefusalError;
}

type Reason = readonly [RdpRefusalErrorCode, string];

/** failureCode of RDP_NEG_FAILURE, [MS-RDPBCGR] 2.2.1.2.2. */
const NEGOTIATION: ReadonlyMap<number, string> = new Map([
  [NegotiationFailure.SSL_REQUIRED_BY_SERVER, 'it wants TLS, which was offered'],
  [
    NegotiationFailure.SSL_NOT_ALLOWED_BY_SERVER,
    'it has only the old RDP security, which is not spoken here: switch TLS on there',
  ],
  [NegotiationFailure.SSL_CERT_NOT_ON_SERVER, 'it has no certificate for TLS: give it one'],
  [NegotiationFailure.INCONSISTENT_FLAGS, 'it does not understand what was offered'],
  [
    NegotiationFailure.HYBRID_REQUIRED_BY_SERVER,
    'it insists on network level authentication: give a user and a password',
  ],
  [
    NegotiationFailure.SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER,
    'it wants the client to have a certificate, which is not supported',
  ],
]);

/** A server's answer to the protocols that were offered. */
export function negotiationRefusal(failureCode: number): RdpRefusalError {
  const why = NEGOTIATION.get(failureCode) ?? `for a reason that has only a number, ${failureCode}`;
  return new RdpRefusalError('SECURITY_REFUSED', `the server refuses the connection: ${why}`);
}

/** errorInfo, [MS-RDPBCGR] 2.2.5.1.1: what a person can do something about. */
const ERROR_INFO: ReadonlyMap<number, Reason> = new Map<number, Reason>([
  [0x02, ['SESSION_ENDED', 'an administrator logged the user off']],
  [0x03, ['SESSION_ENDED', 'the session was idle for longer than the server allows']],
  [0x04, ['SESSION_ENDED', 'nobody logged on in the time that the server allows']],
  [0x05, ['SESSION_ENDED', 'another client of the same user took the session over']],
  [0x06, ['SESSION_ENDED', 'the server has no memory left']],
  [
    0x07,
    ['LOGON_REFUSED', 'the server denies the connection: wrong user name or password, or it takes no more clients'],
  ],
  [0x09, ['LOGON_REFUSED', 'the user may not log on here: add it to the group Remote Desktop Users there']],
  [0x0a, ['LOGON_REFUSED', 'the server wants the password typed in at its own screen']],
  [0x0b, ['SESSION_ENDED', 'the user disconnected the session there']],
  [0x0c, ['SESSION_ENDED', 'the user logged off there']],
  [0x0f, ['SESSION_ENDED', "the server's display driver was not ready: try again"]],
  [0x10, ['SESSION_ENDED', "the server's window manager crashed: try again"]],
  [0x11, ['SESSION_ENDED', "the server's display driver did not start: try again"]],
  [0x12, ['SESSION_ENDED', "the server's display driver did not start: try again"]],
  [0x17, ['SESSION_ENDED', 'the server is shut down']],
  [0x18, ['SESSION_ENDED', 'the server is restarted']],
  [0x100, ['LICENSE_REFUSED', 'an error in the licensing of the server']],
  [0x101, ['LICENSE_REFUSED', 'the server finds no licence server']],
  [0x102, ['LICENSE_REFUSED', 'the server has no client access licence left']],
  [0x103, ['LICENSE_REFUSED', 'the server did not understand the licensing of this client']],
  [0x104, ['LICENSE_REFUSED', 'the licence is for another machine']],
  [0x105, ['LICENSE_REFUSED', 'the licence is not valid']],
  [0x106, ['LICENSE_REFUSED', 'the licensing did not come to an end']],
  [0x107, ['LICENSE_REFUSED', 'the licensing was ended by this client']],
  [0x108, ['LICENSE_REFUSED', 'the server could not decrypt the licensing of this client']],
  [0x109, ['LICENSE_REFUSED', 'the licence cannot be renewed']],
  [0x10a, ['LICENSE_REFUSED', 'the server has no licence for connections from other machines']],
  [0x400, ['SESSION_ENDED', 'the connection broker finds no machine for this user']],
  [0x402, ['SESSION_ENDED', 'the connection broker is still starting the machine: try again']],
  [0x404, ['SESSION_ENDED', 'the connection broker could not reach the machine: try again']],
  [0x405, ['SESSION_ENDED', 'the connection broker is still waking the machine: try again']],
  [0x406, ['SESSION_ENDED', 'the connection broker could not start the machine']],
  [0x407, ['SESSION_ENDED', 'the connection broker finds no such machine (DNS)']],
  [0x408, ['SESSION_ENDED', 'the machine that the connection broker chose takes no connections']],
]);
/** From here on they are about bytes that this client sent. */
const FIRST_PROTOCOL_ERROR = 0x10c9;

/** What a server said about the end of a session. */
export function errorInfoRefusal(errorInfo: number): RdpRefusalError {
  const number = `0x${errorInfo.toString(16).padStart(8, '0')}`;
  const fallback =
    errorInfo >= FIRST_PROTOCOL_ERROR
      ? `the server found something wrong in what this client sent (${number}): please report it`
      : `the server ended the session for a reason that has only a number, ${number}`;
  const [code, text] = ERROR_INFO.get(errorInfo) ?? (['SESSION_ENDED', fallback] as const);
  return new RdpRefusalError(code, text);
}

/** authorizationResult of a server that knows the user, and does not let it in, [MS-RDPBCGR] 2.2.10.2. */
export const NOT_AUTHORIZED = new RdpRefusalError(
  'LOGON_REFUSED',
  'the password is right, but the user may not log on here: add it to the group Remote Desktop Users there',
);
