import { messageOf, type Protocol, type ProtocolMessage } from '../core/protocol.ts';
import { AuthenticateMessage } from './authenticateMessage.ts';
import { AvPairs } from './avPairs.ts';
import { ChallengeMessage } from './challengeMessage.ts';
import { NtlmClientChallenge } from './clientChallenge.ts';
import { NegotiateMessage } from './negotiateMessage.ts';
import { NtlmVersion } from './version.ts';

const messages: readonly ProtocolMessage[] = [
  messageOf(NegotiateMessage, 'client'),
  messageOf(ChallengeMessage, 'server'),
  messageOf(AuthenticateMessage, 'client'),
  messageOf(AvPairs, 'either'),
  messageOf(NtlmClientChallenge, 'client'),
  messageOf(NtlmVersion, 'either'),
];

/** NTLM, [MS-NLMP]. */
export const NTLM_PROTOCOL: Protocol = {
  name: 'ntlm',
  title: 'NTLM',
  summary: 'How a client proves its password in network level authentication: [MS-NLMP].',
  messages,
  byteProperties: new Set([
    ...['domainName', 'workstation', 'serverChallenge', 'targetName', 'targetInfo', 'lmChallengeResponse'],
    ...['ntChallengeResponse', 'userName', 'encryptedRandomSessionKey', 'mic', 'value', 'timeStamp'],
    'challengeFromClient',
  ]),
  isDirected: false,
  decode: undefined,
};
