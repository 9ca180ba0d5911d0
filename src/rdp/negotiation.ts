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

/** How the two ends agreed on the security of a connection, [MS-RDPBCGR] 1.3.1.1 "connection initiation". */
export interface Negotiation {
  /** Bits of {@link SecurityProtocol}, as the client sent them. The conference repeats them. */
  readonly requestedProtocols: number;
  /** False: the client does not offer TLS, and `confirm` refuses it. */
  readonly usesTls: boolean;
  /** The packet that answers the client. */
  readonly confirm: Parts;
}

/** X.224 requires a number other than 0; its value has no meaning. */
const SERVER_REFERENCE = 0x1234;

/**
 * Answers an X.224 Connection Request: TLS, or a negotiation failure that asks for it.
 * @param flags of RDP_NEG_RSP
 * @throws DecodeError
 */
export function negotiate(request: Uint8Array, flags = 0): Negotiation {
  const { sourceReference, negotiation } = decodeWith(X224ConnectionRequest, request);
  const requestedProtocols = negotiation?.requestedProtocols ?? SecurityProtocol.PROTOCOL_RDP;
  const usesTls = (requestedProtocols & SecurityProtocol.PROTOCOL_SSL) !== 0;
  const confirm = X224ConnectionConfirm.encode({
    destinationReference: sourceReference,
    sourceReference: SERVER_REFERENCE,
    negotiation: usesTls
      ? { type: 'response', flags, selectedProtocol: SecurityProtocol.PROTOCOL_SSL }
      : { type: 'failure', failureCode: NegotiationFailure.SSL_REQUIRED_BY_SERVER },
  });
  return { requestedProtocols, usesTls, confirm: tpktPacket(confirm) };
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
