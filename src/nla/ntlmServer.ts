import { ProtocolError } from '../../codecs/core/errors.ts';
import { joinParts } from '../../codecs/core/parts.ts';
import { isSameProof } from '../../codecs/core/sameProof.ts';
import { decodeUtf16, utf16Bytes } from '../../codecs/core/text.ts';
import { AuthenticateMessage, MIC_OFFSET, MIC_SIZE } from '../../codecs/ntlm/authenticateMessage.ts';
import { AvFlag, AvId, AvPairs } from '../../codecs/ntlm/avPairs.ts';
import { ChallengeMessage } from '../../codecs/ntlm/challengeMessage.ts';
import { NtlmClientChallenge } from '../../codecs/ntlm/clientChallenge.ts';
import { NtlmFlag } from '../../codecs/ntlm/messageHead.ts';
import { NegotiateMessage } from '../../codecs/ntlm/negotiateMessage.ts';
import { hmacMd5, responseKey } from './ntlmKeys.ts';
import { decodeToken, NTLM_VERSION, SEALED_SESSION_FLAGS, SUPPORTED_FLAGS } from './ntlmMessages.ts';
import { NtlmSession } from './ntlmSession.ts';
import { Rc4 } from './rc4.ts';

/** Options of {@link NtlmServer}. */
export interface NtlmServerOptions {
  /** 8 random bytes. */
  readonly serverChallenge: Uint8Array;
  /** 8 bytes: the time as a FILETIME. */
  readonly fileTime: Uint8Array;
  /** Name of this machine, for the client. */
  readonly computerName: string;
  /** 16 bytes of channelBindings: a client that names another TLS connection is refused. */
  readonly channelBindings: Uint8Array;
  /** The password of a user, or undefined for one that is not known. */
  readonly passwordOf: (userName: string, domainName: string) => string | undefined;
}

const PROOF_SIZE = 16;
const SESSION_KEY_SIZE = 16;

/** The server's half of NTLMv2, [MS-NLMP] 3.2: a challenge, and whether its answer is right. It makes no random numbers itself. */
export class NtlmServer {
  readonly #options: NtlmServerOptions;
  /** NEGOTIATE_MESSAGE and CHALLENGE_MESSAGE, over which the client's MIC is computed. */
  #exchanged: readonly Uint8Array[] = [];

  constructor(options: NtlmServerOptions) {
    this.#options = options;
  }

  /**
   * CHALLENGE_MESSAGE.
   *
   * @param negotiateBytes - NEGOTIATE_MESSAGE
   * @throws DecodeError for what is none
   * @throws ProtocolError for a client that does not sign and seal with 128 bits
   */
  challenge(negotiateBytes: Uint8Array): Uint8Array {
    const { negotiateFlags } = decodeToken(NegotiateMessage, negotiateBytes);
    if ((negotiateFlags & SEALED_SESSION_FLAGS) !== SEALED_SESSION_FLAGS) {
      const problem = 'the client does not sign and seal with 128 bits: it is too old';
      throw new ProtocolError('NEGOTIATE_MESSAGE', 'negotiating', problem, NegotiateMessage.spec);
    }
    const { serverChallenge, fileTime, computerName } = this.#options;
    const name = utf16Bytes(computerName);
    const targetInfo = AvPairs.encode({
      name: 'AV_PAIR',
      pairs: [
        { avId: AvId.MsvAvNbDomainName, value: name },
        { avId: AvId.MsvAvNbComputerName, value: name },
        { avId: AvId.MsvAvDnsDomainName, value: name },
        { avId: AvId.MsvAvDnsComputerName, value: name },
        // With it the client promises a MIC, 3.1.5.1.2.
        { avId: AvId.MsvAvTimestamp, value: fileTime },
      ],
    });
    const own = NtlmFlag.NTLMSSP_NEGOTIATE_TARGET_INFO | NtlmFlag.NTLMSSP_TARGET_TYPE_SERVER;
    const flags = (negotiateFlags & SUPPORTED_FLAGS) | own;
    const message = ChallengeMessage.encode({
      name: 'CHALLENGE_MESSAGE',
      negotiateFlags: flags >>> 0,
      serverChallenge,
      targetName: name,
      targetInfo: joinParts(targetInfo),
      ...((flags & NtlmFlag.NTLMSSP_NEGOTIATE_VERSION) !== 0 && { version: NTLM_VERSION }),
    });
    const bytes = joinParts(message);
    this.#exchanged = [new Uint8Array(negotiateBytes), bytes];
    return bytes;
  }

  /**
   * The session of a client that knows the password of its user; undefined where it does not, or where somebody has changed one
   * of the three messages or stands between two TLS connections.
   *
   * @param bytes - AUTHENTICATE_MESSAGE
   * @throws DecodeError for what is none
   */
  authenticate(bytes: Uint8Array): NtlmSession | undefined {
    const message = decodeToken(AuthenticateMessage, bytes);
    const { ntChallengeResponse, encryptedRandomSessionKey } = message;
    const [userName, domainName] = [decodeUtf16(message.userName), decodeUtf16(message.domainName)];
    const password = this.#options.passwordOf(userName, domainName);
    // Computed for a user that is not known, too: the time must not tell.
    const key = responseKey(userName, domainName, password ?? '');
    const temp = ntChallengeResponse.subarray(PROOF_SIZE);
    const proof = hmacMd5(key, this.#options.serverChallenge, temp);
    const isRight = isSameProof(proof, ntChallengeResponse.subarray(0, PROOF_SIZE));
    if (password === undefined || !isRight || encryptedRandomSessionKey.byteLength !== SESSION_KEY_SIZE)
      return undefined;
    const sessionKey = new Rc4(hmacMd5(key, proof)).crypt(encryptedRandomSessionKey);
    return this.#isBound(temp, sessionKey, bytes, message.mic) ? new NtlmSession(sessionKey, 'server') : undefined;
  }

  /** Whether what the client proved together with its password is true, 3.2.5.1.2. */
  #isBound(temp: Uint8Array, sessionKey: Uint8Array, bytes: Uint8Array, mic: Uint8Array | undefined): boolean {
    const { pairs } = decodeToken(NtlmClientChallenge, temp).avPairs;
    const valueOf = (id: number) => pairs.find(({ avId }) => avId === id)?.value;
    const bindings = valueOf(AvId.MsvAvChannelBindings);
    // All zeros: the client has none.
    if (bindings?.some((byte) => byte !== 0) === true && !isSameProof(bindings, this.#options.channelBindings)) {
      return false;
    }
    const hasMic = ((valueOf(AvId.MsvAvFlags)?.[0] ?? 0) & AvFlag.MIC_PROVIDED) !== 0;
    if (!hasMic) return true;
    if (mic === undefined) return false;
    const zeroed = new Uint8Array(bytes);
    zeroed.fill(0, MIC_OFFSET, MIC_OFFSET + MIC_SIZE);
    return isSameProof(hmacMd5(sessionKey, ...this.#exchanged, zeroed), mic);
  }
}
