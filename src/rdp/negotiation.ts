import type { Parts } from '../../codecs/core/parts.ts';
import {
  NegotiationFailure,
  SecurityProtocol,
  X224ConnectionConfirm,
  X224ConnectionRequest,
} from '../../codecs/rdp/x224.ts';
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

/** Answers an X.224 Connection Request: TLS, or a negotiation failure that asks for it. @throws DecodeError */
export function negotiate(request: Uint8Array): Negotiation {
  const { sourceReference, negotiation } = decodeWith(X224ConnectionRequest, request);
  const requestedProtocols = negotiation?.requestedProtocols ?? SecurityProtocol.PROTOCOL_RDP;
  const usesTls = (requestedProtocols & SecurityProtocol.PROTOCOL_SSL) !== 0;
  const confirm = X224ConnectionConfirm.encode({
    destinationReference: sourceReference,
    sourceReference: SERVER_REFERENCE,
    negotiation: usesTls
      ? { type: 'response', flags: 0, selectedProtocol: SecurityProtocol.PROTOCOL_SSL }
      : { type: 'failure', failureCode: NegotiationFailure.SSL_REQUIRED_BY_SERVER },
  });
  return { requestedProtocols, usesTls, confirm: tpktPacket(confirm) };
}
