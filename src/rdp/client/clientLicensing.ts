import { ProtocolError, type SpecRef } from '../../../codecs/core/errors.ts';
import { joinParts, type Parts } from '../../../codecs/core/parts.ts';
import { asciiBytes } from '../../../codecs/core/text.ts';
import { Writer } from '../../../codecs/core/writer.ts';
import { LicenseErrorMessage, LicenseStatus } from '../../../codecs/rdp/license.ts';
import {
  ClientNewLicenseRequest,
  ClientPlatformChallengeResponse,
  LicenseBlobType,
  LicenseMessageType,
  LicensePacket,
  ServerLicenseRequest,
  ServerPlatformChallenge,
} from '../../../codecs/rdp/licenseExchange.ts';
import { SecurityFlag, SecurityHeader } from '../../../codecs/rdp/securityHeader.ts';
import { Rc4 } from '../../nla/rc4.ts';
import { nextState, type Transitions } from '../../channels/machine.ts';
import { decodeWith, readerOf } from '../rdpPacket.ts';
import { encryptForLicensing, type LicensingKeys, licensingKey, licensingKeys, licensingMac } from './licensingKeys.ts';
import { RdpRefusalError } from './rdpRefusalError.ts';

/** Numbers that nobody can guess, for one connection. */
export interface LicensingRandom {
  /** 32 bytes. */
  readonly clientRandom: Uint8Array;
  /** 48 bytes. */
  readonly premasterSecret: Uint8Array;
  /** 16 bytes that stand for this machine. */
  readonly hardwareId: Uint8Array;
}

export type LicensingState = 'awaitingRequest' | 'awaitingChallenge' | 'awaitingLicense' | 'licensed';
type Input = 'SERVER_LICENSE_REQUEST' | 'SERVER_PLATFORM_CHALLENGE' | 'SERVER_NEW_LICENSE' | 'STATUS_VALID_CLIENT';

/** A server may break off with "valid client" whenever it likes: xrdp does so after the client's first message. */
export const LICENSING_TRANSITIONS = {
  awaitingRequest: { SERVER_LICENSE_REQUEST: 'awaitingChallenge', STATUS_VALID_CLIENT: 'licensed' },
  awaitingChallenge: { SERVER_PLATFORM_CHALLENGE: 'awaitingLicense', STATUS_VALID_CLIENT: 'licensed' },
  awaitingLicense: { SERVER_NEW_LICENSE: 'licensed', STATUS_VALID_CLIENT: 'licensed' },
  licensed: {},
} as const satisfies Required<Transitions<LicensingState, Input>>;

const SPEC: SpecRef = { document: 'MS-RDPELE', section: '3.3.5' };
/** PREAMBLE_VERSION_3_0. */
const VERSION = 3;
const KEY_EXCHANGE_ALG_RSA = 1;
/** CLIENT_OS_ID_WINNT_POST_52 and CLIENT_IMAGE_ID_MICROSOFT: what servers know. */
const PLATFORM_ID = 0x04010000;
/** wVersion, wClientType OTHER_PLATFORM_CHALLENGE_TYPE, wLicenseDetailLevel LICENSE_DETAIL_DETAIL. */
const RESPONSE_HEAD = [0x0100, 0xff00, 0x0003] as const;

/**
 * The client's half of licensing, [MS-RDPBCGR] 2.2.1.12 and [MS-RDPELE]: a client without a licence, which takes what it is
 * given for this connection and keeps nothing.
 */
export class ClientLicensing {
  readonly #userName: string;
  readonly #clientName: string;
  readonly #random: LicensingRandom;
  #state: LicensingState = 'awaitingRequest';
  #keys: LicensingKeys | undefined;

  constructor(userName: string, clientName: string, random: LicensingRandom) {
    this.#userName = userName;
    this.#clientName = clientName;
    this.#random = random;
  }

  get isLicensed(): boolean {
    return this.#state === 'licensed';
  }

  /**
   * Takes the server's message, security header included. The answer, for the I/O channel; undefined without one.
   * @throws DecodeError, ProtocolError
   * @throws RdpRefusalError where the server gives no licence
   */
  receive(bytes: Uint8Array): Parts | undefined {
    const header = readerOf(SecurityHeader, bytes);
    if ((SecurityHeader.decode(header).flags & SecurityFlag.SEC_LICENSE_PKT) === 0) {
      throw this.#unexpected('a PDU', 'licensing has to come first');
    }
    const packet = header.rest();
    const { type, body } = decodeWith(LicensePacket, packet);
    switch (type) {
      case LicenseMessageType.ERROR_ALERT: {
        const { errorCode } = decodeWith(LicenseErrorMessage, packet);
        if (errorCode !== LicenseStatus.STATUS_VALID_CLIENT) {
          throw new RdpRefusalError('LICENSE_REFUSED', `the server gives this client no licence (error ${errorCode})`);
        }
        this.#advance('STATUS_VALID_CLIENT');
        return undefined;
      }
      case LicenseMessageType.LICENSE_REQUEST:
        this.#advance('SERVER_LICENSE_REQUEST');
        return this.#newLicenseRequest(decodeWith(ServerLicenseRequest, body));
      case LicenseMessageType.PLATFORM_CHALLENGE:
        this.#advance('SERVER_PLATFORM_CHALLENGE');
        return this.#challengeResponse(decodeWith(ServerPlatformChallenge, body));
      case LicenseMessageType.NEW_LICENSE:
      case LicenseMessageType.UPGRADE_LICENSE:
        this.#advance('SERVER_NEW_LICENSE');
        return undefined;
      default:
        throw this.#unexpected(`licensing message ${type}`, 'there is none of this type');
    }
  }

  #newLicenseRequest({ serverRandom, serverCertificate }: ServerLicenseRequest): Parts {
    const { clientRandom, premasterSecret } = this.#random;
    this.#keys = licensingKeys(premasterSecret, clientRandom, serverRandom);
    const secret = encryptForLicensing(premasterSecret, licensingKey(serverCertificate.data));
    return licensePacket(
      LicenseMessageType.NEW_LICENSE_REQUEST,
      ClientNewLicenseRequest.encode({
        preferredKeyExchangeAlg: KEY_EXCHANGE_ALG_RSA,
        platformId: PLATFORM_ID,
        clientRandom,
        encryptedPreMasterSecret: { type: LicenseBlobType.BB_RANDOM_BLOB, data: secret },
        clientUserName: { type: LicenseBlobType.BB_CLIENT_USER_NAME_BLOB, data: ansi(this.#userName) },
        clientMachineName: { type: LicenseBlobType.BB_CLIENT_MACHINE_NAME_BLOB, data: ansi(this.#clientName) },
      }),
    );
  }

  #challengeResponse({ encryptedPlatformChallenge, macData }: ServerPlatformChallenge): Parts | undefined {
    if (this.#keys === undefined) return undefined;
    const { encryptionKey, macSaltKey } = this.#keys;
    const crypt = (data: Uint8Array) => new Rc4(encryptionKey).crypt(data);
    const challenge = crypt(encryptedPlatformChallenge.data);
    const expected = licensingMac(macSaltKey, challenge);
    if (macData.some((byte, index) => byte !== expected[index])) {
      throw this.#unexpected('SERVER_PLATFORM_CHALLENGE', 'its MAC is wrong');
    }
    const out = new Writer();
    for (const number of RESPONSE_HEAD) out.u16(number, 'wVersion');
    out.u16(challenge.byteLength, 'cbChallenge');
    out.append(challenge);
    const response = joinParts(out.finish());
    const platform = new Writer();
    platform.u32(PLATFORM_ID, 'PlatformId');
    platform.append(this.#random.hardwareId);
    const hwid = joinParts(platform.finish());
    const type = LicenseBlobType.BB_ENCRYPTED_DATA_BLOB;
    return licensePacket(
      LicenseMessageType.PLATFORM_CHALLENGE_RESPONSE,
      ClientPlatformChallengeResponse.encode({
        encryptedPlatformChallengeResponse: { type, data: crypt(response) },
        encryptedHwid: { type, data: crypt(hwid) },
        macData: licensingMac(macSaltKey, joinParts([response, hwid])),
      }),
    );
  }

  #advance(input: Input): void {
    const next = nextState<LicensingState, Input>(LICENSING_TRANSITIONS, this.#state, input);
    if (next === undefined) throw this.#unexpected(input, 'not allowed now');
    this.#state = next;
  }

  #unexpected(message: string, problem: string): ProtocolError {
    return new ProtocolError(message, this.#state, problem, SPEC);
  }
}

function licensePacket(type: number, body: Parts): Parts {
  const header = SecurityHeader.encode({ flags: SecurityFlag.SEC_LICENSE_PKT, flagsHi: 0 });
  return [joinParts([...header, ...LicensePacket.encode({ type, flags: VERSION, body: joinParts(body) })])];
}

/** With NUL. Only a licence server's list shows it: what is not ASCII becomes a question mark. */
function ansi(text: string): Uint8Array {
  return asciiBytes(`${text.replace(/[^\x20-\x7e]/g, '?')}\0`);
}
