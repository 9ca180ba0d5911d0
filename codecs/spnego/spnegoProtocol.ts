import { messageOf, type Protocol, type ProtocolMessage } from '../core/protocol.ts';
import { NegTokenInit, NegTokenResp } from './negotiationToken.ts';

const messages: readonly ProtocolMessage[] = [messageOf(NegTokenInit, 'client'), messageOf(NegTokenResp, 'either')];

/** SPNEGO, [RFC 4178]. */
export const SPNEGO_PROTOCOL: Protocol = {
  name: 'spnego',
  title: 'SPNEGO',
  summary: 'How the two ends of CredSSP agree on NTLM: [RFC 4178] and [MS-SPNG].',
  messages,
  byteProperties: new Set(['mechTypes', 'mechToken', 'mechListMIC', 'supportedMech', 'responseToken']),
  isDirected: false,
  decode: undefined,
};
