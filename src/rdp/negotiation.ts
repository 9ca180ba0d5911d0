import { ProtocolError } from '../../codecs/core/errors.ts';
import type { Parts } from '../../codecs/core/parts.ts';
import {
  NegotiationFailure,
  SecurityProtocol,
  X224ConnectionConfirm,
  X224ConnectionRequest,
} from '../../codecs/rdp/x224.ts';
import { negotiationRefusal, RdpRefusalError } from './client/rdpRefusalError.ts';
import { decodeWith, tpktPacket } from './rdpPacket.ts';

/** What a server insists on: TLS, or network level authentication within it. */
export type ServerSecurity = 'tls' | 'networkLevelAuthentication';

/** How the two ends agreed on the security of a connection, [MS-RDPBCGR] 1.3.1.1 "connection initiation". */
export interface Negotiation {
  /** Bits of {@link SecurityProtocol}, as the client sent them. The conference repeats them. */
  readonly requestedProtocols: number;
  /** Why `confirm` refuses the client, which does not offer what the server insists on; undefined: they agree. */
  readonly problem: string | undefined;
  /** The packet that answers the client. */
  readonly confirm: Parts;
}

/** X.224 requires a number other than 0; its value has no meaning. */
const SERVER_REFERENCE = 0x1234;

const SELECTION = {
  tls: {
    protocol: SecurityProtocol.PROTOCOL_SSL,
    failureCode: NegotiationFailure.SSL_REQUIRED_BY_SERVER,
    problem: 'the client offers no TLS, and standard RDP security is refused: switch TLS security on there',
  },
  networkLevelAuthentication: {
    protocol: SecurityProtocol.PROTOCOL_HYBRID,
    failureCode: NegotiationFailure.HYBRID_REQUIRED_BY_SERVER,
    problem: 'the client offers no network level authentication: switch it on there, and give it a user and a password',
  },
} as const;

/**
 * Answers an X.224 Connection Request: by what `security` says, or by a negotiation failure that asks for it.
 * @param flags of RDP_NEG_RSP
 * @throws DecodeError
 */
export function negotiate(request: Uint8Array, security: ServerSecurity, flags = 0): Negotiation {
  const { sourceReference, negotiation } = decodeWith(X224ConnectionRequest, request);
  const requestedProtocols = negotiation?.requestedProtocols ?? SecurityProtocol.PROTOCOL_RDP;
  const { protocol, failureCode, problem } = SELECTION[security];
  const isOffered = (requestedProtocols & protocol) !== 0;
  const confirm = X224ConnectionConfirm.encode({
    destinationReference: sourceReference,
    sourceReference: SERVER_REFERENCE,
    negotiation: isOffered ? { type: 'response', flags, selectedProtocol: protocol } : { type: 'failure', failureCode },
  });
  return { requestedProtocols, problem: isOffered ? undefined : problem, confirm: tpktPacket(confirm) };
}

/**
 * The one protocol that a server has selected of those that it was offered, bits of {@link SecurityProtocol}.
 * @param state for the error
 * @throws RdpRefusalError where it wants something else; ProtocolError where it selects what was not offered
 */
export function selectedProtocolIn(
  answer: X224ConnectionConfirm['negotiation'],
  offered: number,
  state: string,
): number {
  if (answer?.type === 'failure') throw negotiationRefusal(answer.failureCode);
  const selected = answer?.selectedProtocol ?? SecurityProtocol.PROTOCOL_RDP;
  if (selected === SecurityProtocol.PROTOCOL_RDP) {
    const problem = 'the server has only the old RDP security, which is not spoken here: switch TLS on there';
    throw new RdpRefusalError('SECURITY_REFUSED', problem);
  }
  const isOne = (selected & (selected - 1)) === 0;
  if (isOne && (selected & offered) !== 0) return selected;
  const spec = { document: 'MS-RDPBCGR', section: '1.3.1.1' };
  throw new ProtocolError('RDP_NEG_RSP', state, `protocol ${selected} was not offered`, spec);
}
