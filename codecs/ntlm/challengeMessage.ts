import { codec } from '../core/message.ts';
import { MESSAGE_HEAD_SIZE, NtlmFlag, NtlmMessageType, readMessageHead, writeMessageHead } from './messageHead.ts';
import { struct } from './ntlmStructs.generated.ts';
import { BUFFER_FIELD_SIZE, PayloadReader, PayloadWriter, readBufferField, writeBufferField } from './payload.ts';
import { NTLM_VERSION_SIZE, NtlmVersion } from './version.ts';

/** The server's message, [MS-NLMP] 2.2.1.2. */
export interface ChallengeMessage {
  readonly name: 'CHALLENGE_MESSAGE';
  /** Bits of {@link NtlmFlag}, 32 bits without a sign. */
  readonly negotiateFlags: number;
  /** 8 bytes. */
  readonly serverChallenge: Uint8Array;
  /** UTF-16LE where the flags say Unicode, else OEM. */
  readonly targetName: Uint8Array;
  /** A list of AV_PAIR: see AvPairs. */
  readonly targetInfo: Uint8Array;
  /** Only with NTLMSSP_NEGOTIATE_VERSION. */
  readonly version?: NtlmVersion;
}

const Flags = struct('CHALLENGE_MESSAGE', { NegotiateFlags: 'u32' });
const CHALLENGE_SIZE = 8;
const RESERVED_SIZE = 8;

export const ChallengeMessage = codec<ChallengeMessage>({
  name: 'CHALLENGE_MESSAGE',
  spec: { document: 'MS-NLMP', section: '2.2.1.2' },
  decode(reader) {
    readMessageHead(reader, NtlmMessageType.CHALLENGE);
    const target = readBufferField(reader, 'TargetNameFields');
    const { NegotiateFlags: negotiateFlags } = Flags.decode(reader);
    const serverChallenge = reader.take(CHALLENGE_SIZE, 'ServerChallenge');
    reader.pad(RESERVED_SIZE, 'Reserved');
    const info = readBufferField(reader, 'TargetInfoFields');
    const hasVersion = (negotiateFlags & NtlmFlag.NTLMSSP_NEGOTIATE_VERSION) !== 0;
    const version = hasVersion ? { version: reader.structure(NtlmVersion) } : {};
    const payload = new PayloadReader(reader, headSize(hasVersion));
    const targetName = payload.take(target, 'TargetName');
    const targetInfo = payload.take(info, 'TargetInfo');
    payload.end();
    return { name: 'CHALLENGE_MESSAGE', negotiateFlags, serverChallenge, targetName, targetInfo, ...version };
  },
  write(out, { negotiateFlags, serverChallenge, targetName, targetInfo, version }) {
    const payload = new PayloadWriter(headSize(version !== undefined));
    const target = payload.place(targetName);
    const info = payload.place(targetInfo);
    writeMessageHead(out, NtlmMessageType.CHALLENGE);
    writeBufferField(out, target);
    Flags.write(out, { NegotiateFlags: negotiateFlags });
    out.append(serverChallenge);
    out.zeros(RESERVED_SIZE);
    writeBufferField(out, info);
    if (version !== undefined) NtlmVersion.write(out, version);
    payload.write(out);
  },
});

function headSize(hasVersion: boolean): number {
  const fields = 2 * BUFFER_FIELD_SIZE + Flags.size + CHALLENGE_SIZE + RESERVED_SIZE;
  return MESSAGE_HEAD_SIZE + fields + (hasVersion ? NTLM_VERSION_SIZE : 0);
}
