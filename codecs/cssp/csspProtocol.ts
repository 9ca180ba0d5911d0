import { messageOf, type Protocol, type ProtocolMessage } from '../core/protocol.ts';
import { TsPasswordCredentials, TsRequest } from './tsRequest.ts';

const messages: readonly ProtocolMessage[] = [
  messageOf(TsRequest, 'either'),
  messageOf(TsPasswordCredentials, 'client'),
];

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
