import { messageOf, type Protocol, type ProtocolMessage } from '../core/protocol.ts';
import { TsCredentials } from './tsCredentials.ts';
import { TsRequest } from './tsRequest.ts';

const messages: readonly ProtocolMessage[] = [messageOf(TsRequest, 'either'), messageOf(TsCredentials, 'client')];

/** CredSSP, [MS-CSSP]. */
export const CSSP_PROTOCOL: Protocol = {
  name: 'cssp',
  title: 'CredSSP',
  summary: 'Network level authentication: the client proves a password before RDP starts, [MS-CSSP].',
  messages,
  byteProperties: new Set(['negoTokens', 'authInfo', 'pubKeyAuth', 'clientNonce']),
  isDirected: false,
  decode: undefined,
};
