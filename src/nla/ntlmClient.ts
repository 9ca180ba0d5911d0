import { ProtocolError } from '../../codecs/core/errors.ts';
import { joinParts } from '../../codecs/core/parts.ts';
import { utf16Bytes } from '../../codecs/core/text.ts';
import { AuthenticateMessage, MIC_OFFSET, MIC_SIZE } from '../../codecs/ntlm/authenticateMessage.ts';
import { AvFlag, AvId, type AvPair, AvPairs } from '../../codecs/ntlm/avPairs.ts';
import { ChallengeMessage } from '../../codecs/ntlm/challengeMessage.ts';
import { NtlmClientChallenge } from '../../codecs/ntlm/clientChallenge.ts';
import { NtlmFlag } from '../../codecs/ntlm/messageHead.ts';
import { NegotiateMessage } from '../../codecs/ntlm/negotiateMessage.ts';
import { computeProof, hmacMd5, responseKey } from './ntlmKeys.ts';
import { decodeToken, NTLM_VERSION, SEALED_SESSION_FLAGS, SUPPORTED_FLAGS } from './ntlmMessages.ts';
import { NtlmSession } from './ntlmSession.ts';
import { Rc4 } from './rc4.ts';

/** A user and the password that proves it. */
export interface Credentials {
  /** Without the domain. */
  readonly userName: string;
  /** Empty: the server's own accounts. */
  readonly domainName: string;
  readonly password: string;
}

/** Numbers and names that NTLM wants beside the {@link Credentials}. */
export interface NtlmClientOptions {
  /** 8 random bytes. */
  readonly clientChallenge: Uint8Array;
  /** 16 random bytes. */
  readonly sessionKey: Uint8Array;
  /** 8 bytes: the time as a FILETIME, for servers that do not tell theirs. */
  readonly fileTime: Uint8Array;
  /** Name of this machine, for the server's log. */
  readonly workstation: string;
  /** Service principal name, such as `TERMSRV/host`. */
  readonly targetName?: string;
  /** 16 bytes of channelBindings: ties the proof to the TLS connection. */
  readonly channelBindings?: Uint8Array;
}

/** NTLMv2 needs these of a server. */
const REQUIRED_FLAGS = SEALED_SESSION_FLAGS | NtlmFlag.NTLMSSP_NEGOTIATE_TARGET_INFO;

const NO_BYTES = new Uint8Array(0);

/** What {@link NtlmClient.authenticate} gives. */
export interface NtlmAuthentication {
  /** AUTHENTICATE_MESSAGE. */
  readonly message: Uint8Array;
  /** Seals and opens what follows. */
  readonly session: NtlmSession;
}

/** The client's half of NTLMv2, [MS-NLMP] 3.1: two messages and a session. It makes no random numbers itself. */
export class NtlmClient {
  readonly #credentials: Credentials;
  readonly #options: NtlmClientOptions;
  readonly #negotiate: Uint8Array;

  constructor(credentials: Credentials, options: NtlmClientOptions) {
    this.#credentials = credentials;
    this.#options = options;
    const message = NegotiateMessage.encode({
      ...{ name: 'NEGOTIATE_MESSAGE', negotiateFlags: SUPPORTED_FLAGS >>> 0, version: NTLM_VERSION },
      ...{ domainName: NO_BYTES, workstation: NO_BYTES },
    });
    this.#negotiate = joinParts(message);
  }

  /** NEGOTIATE_MESSAGE. */
  get negotiate(): Uint8Array {
    return this.#negotiate;
  }

  /**
   * Answers the server's challenge.
   *
   * @param challengeBytes - CHALLENGE_MESSAGE
   * @throws DecodeError for what is no challenge
   * @throws ProtocolError for a server that does not agree to sign and seal with 128 bits
   */
  authenticate(challengeBytes: Uint8Array): NtlmAuthentication {
    const challenge = decodeToken(ChallengeMessage, challengeBytes);
    const flags = challenge.negotiateFlags & (SUPPORTED_FLAGS | REQUIRED_FLAGS);
    if ((flags & REQUIRED_FLAGS) !== REQUIRED_FLAGS) {
      const problem = 'the server does not sign and seal with 128 bits and NTLMv2: it is too old, or not what it seems';
      throw new ProtocolError('CHALLENGE_MESSAGE', 'negotiating', problem, ChallengeMessage.spec);
    }
    const { userName, domainName, password } = this.#credentials;
    const { clientChallenge, sessionKey, fileTime, workstation } = this.#options;
    const server = decodeToken(AvPairs, challenge.targetInfo).pairs;
    const serverTime = server.find(({ avId }) => avId === AvId.MsvAvTimestamp)?.value;
    const clientBytes = NtlmClientChallenge.encode({
      name: 'NTLMv2_CLIENT_CHALLENGE',
      timeStamp: serverTime ?? fileTime,
      challengeFromClient: clientChallenge,
      avPairs: { name: 'AV_PAIR', pairs: this.#targetInfo(server, serverTime !== undefined) },
    });
    const proof = computeProof(
      responseKey(userName, domainName, password),
      challenge.serverChallenge,
      clientChallenge,
      joinParts(clientBytes),
      serverTime !== undefined,
    );
    const message = AuthenticateMessage.encode({
      name: 'AUTHENTICATE_MESSAGE',
      negotiateFlags: flags >>> 0,
      lmChallengeResponse: proof.lmChallengeResponse,
      ntChallengeResponse: proof.ntChallengeResponse,
      domainName: utf16Bytes(domainName),
      userName: utf16Bytes(userName),
      workstation: utf16Bytes(workstation),
      encryptedRandomSessionKey: new Rc4(proof.sessionBaseKey).crypt(sessionKey),
      version: NTLM_VERSION,
      mic: new Uint8Array(MIC_SIZE),
    });
    const bytes = joinParts(message);
    // Computed with zeros in its own place, [MS-NLMP] 3.1.5.1.2.
    bytes.set(hmacMd5(sessionKey, this.#negotiate, challengeBytes, bytes), MIC_OFFSET);
    return { message: bytes, session: new NtlmSession(sessionKey) };
  }

  /** The server's pairs, and those of a client that sends a MIC. */
  #targetInfo(server: readonly AvPair[], hasTime: boolean): readonly AvPair[] {
    const { targetName, channelBindings } = this.#options;
    const own = new Set<number>([AvId.MsvAvFlags, AvId.MsvAvTargetName, AvId.MsvAvChannelBindings]);
    // Without the server's time no MIC is promised, [MS-NLMP] 3.1.5.1.2; it is sent all the same.
    const promised = hasTime ? [{ avId: AvId.MsvAvFlags, value: Uint8Array.of(AvFlag.MIC_PROVIDED, 0, 0, 0) }] : [];
    return [
      ...server.filter(({ avId }) => !own.has(avId)),
      ...promised,
      ...(channelBindings === undefined ? [] : [{ avId: AvId.MsvAvChannelBindings, value: channelBindings }]),
      ...(targetName === undefined ? [] : [{ avId: AvId.MsvAvTargetName, value: utf16Bytes(targetName) }]),
    ];
  }
}
