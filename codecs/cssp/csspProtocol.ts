import { messageOf, type Protocol, type ProtocolMessage } from '../core/protocol.ts';
import { Reader } from '../core/reader.ts';
import { TsPasswordCredentials, TsRequest } from './tsRequest.ts';

const request = messageOf(TsRequest, 'either');
const messages: readonly ProtocolMessage[] = [request, messageOf(TsPasswordCredentials, 'client')];

/** CredSSP, [MS-CSSP]. */
export const CSSP_PROTOCOL: Protocol = {
  name: 'cssp',
  title: 'CredSSP',
  summary: 'Network level authentication: the client proves a password before RDP starts, [MS-CSSP].',
  messages,
  byteProperties: new Set(['negoTokens', 'authInfo', 'pubKeyAuth', 'clientNonce']),
  isDirected: false,
  decode(bytes, _context, options) {
    const reader = new Reader(bytes, TsRequest.name, TsRequest.spec, options);
    const value = TsRequest.decode(reader);
    reader.end();
    return { message: request, value };
  },
};
