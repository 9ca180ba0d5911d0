import { codec } from '../core/message.ts';
import { MESSAGE_HEAD_SIZE, NtlmFlag, NtlmMessageType, readMessageHead, writeMessageHead } from './messageHead.ts';
import { struct } from './ntlmStructs.generated.ts';
import { BUFFER_FIELD_SIZE, PayloadReader, PayloadWriter, readBufferField, writeBufferField } from './payload.ts';
import { NTLM_VERSION_SIZE, NtlmVersion } from './version.ts';

/** The client's answer to the challenge, [MS-NLMP] 2.2.1.3. Names are UTF-16LE where the flags say Unicode, else OEM. */
export interface AuthenticateMessage {
  readonly name: 'AUTHENTICATE_MESSAGE';
  /** Bits of {@link NtlmFlag}, 32 bits without a sign. */
  readonly negotiateFlags: number;
  readonly lmChallengeResponse: Uint8Array;
  readonly ntChallengeResponse: Uint8Array;
  readonly domainName: Uint8Array;
  readonly userName: Uint8Array;
  readonly workstation: Uint8Array;
  readonly encryptedRandomSessionKey: Uint8Array;
  /** Only with NTLMSSP_NEGOTIATE_VERSION. */
  readonly version?: NtlmVersion;
  /** 16 bytes over all three messages, this one with zeros in its place. Old clients send none. */
  readonly mic?: Uint8Array;
}

const Flags = struct('AUTHENTICATE_MESSAGE', { NegotiateFlags: 'u32' });
/** Six buffers. */
const FIELDS_SIZE = MESSAGE_HEAD_SIZE + 6 * BUFFER_FIELD_SIZE + Flags.size;
/** Bytes of the MIC. */
export const MIC_SIZE = 16;
/** Where the MIC is in a message that has one: it always has a VERSION, too. */
export const MIC_OFFSET = FIELDS_SIZE + NTLM_VERSION_SIZE;

export const AuthenticateMessage = codec<AuthenticateMessage>({
  name: 'AUTHENTICATE_MESSAGE',
  spec: { document: 'MS-NLMP', section: '2.2.1.3' },
  decode(reader) {
    readMessageHead(reader, NtlmMessageType.AUTHENTICATE);
    const fields = {
      lmChallengeResponse: readBufferField(reader, 'LmChallengeResponseFields'),
      ntChallengeResponse: readBufferField(reader, 'NtChallengeResponseFields'),
      domainName: readBufferField(reader, 'DomainNameFields'),
      userName: readBufferField(reader, 'UserNameFields'),
      workstation: readBufferField(reader, 'WorkstationFields'),
      sessionKey: readBufferField(reader, 'EncryptedRandomSessionKeyFields'),
    };
    const { NegotiateFlags: negotiateFlags } = Flags.decode(reader);
    const hasVersion = (negotiateFlags & NtlmFlag.NTLMSSP_NEGOTIATE_VERSION) !== 0;
    const version = hasVersion ? { version: reader.structure(NtlmVersion) } : {};
    // No flag tells of the MIC: where the first buffer is behind its place, it is there.
    const first = Math.min(...Object.values(fields).flatMap(({ length, offset }) => (length > 0 ? [offset] : [])));
    const hasMic = hasVersion && Number.isFinite(first) && first >= MIC_OFFSET + MIC_SIZE;
    const mic = hasMic ? { mic: reader.take(MIC_SIZE, 'MIC') } : {};
    const payload = new PayloadReader(reader, headSize(hasVersion, hasMic));
    const value = {
      name: 'AUTHENTICATE_MESSAGE' as const,
      negotiateFlags,
      lmChallengeResponse: payload.take(fields.lmChallengeResponse, 'LmChallengeResponse'),
      ntChallengeResponse: payload.take(fields.ntChallengeResponse, 'NtChallengeResponse'),
      domainName: payload.take(fields.domainName, 'DomainName'),
      userName: payload.take(fields.userName, 'UserName'),
      workstation: payload.take(fields.workstation, 'Workstation'),
      encryptedRandomSessionKey: payload.take(fields.sessionKey, 'EncryptedRandomSessionKey'),
      ...version,
      ...mic,
    };
    payload.end();
    return value;
  },
  write(out, value) {
    const { negotiateFlags, version, mic } = value;
    const payload = new PayloadWriter(headSize(version !== undefined, mic !== undefined));
    const domain = payload.place(value.domainName);
    const user = payload.place(value.userName);
    const station = payload.place(value.workstation);
    const lm = payload.place(value.lmChallengeResponse);
    const nt = payload.place(value.ntChallengeResponse);
    const key = payload.place(value.encryptedRandomSessionKey);
    writeMessageHead(out, NtlmMessageType.AUTHENTICATE);
    for (const field of [lm, nt, domain, user, station, key]) writeBufferField(out, field);
    Flags.write(out, { NegotiateFlags: negotiateFlags });
    if (version !== undefined) NtlmVersion.write(out, version);
    if (mic !== undefined) out.append(mic);
    payload.write(out);
  },
});

function headSize(hasVersion: boolean, hasMic: boolean): number {
  return FIELDS_SIZE + (hasVersion ? NTLM_VERSION_SIZE : 0) + (hasMic ? MIC_SIZE : 0);
}
