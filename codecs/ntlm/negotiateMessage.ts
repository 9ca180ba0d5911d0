import { codec } from '../core/message.ts';
import { MESSAGE_HEAD_SIZE, NtlmFlag, NtlmMessageType, readMessageHead, writeMessageHead } from './messageHead.ts';
import { struct } from './ntlmStructs.generated.ts';
import { BUFFER_FIELD_SIZE, PayloadReader, PayloadWriter, readBufferField, writeBufferField } from './payload.ts';
import { NTLM_VERSION_SIZE, NtlmVersion } from './version.ts';

/** The client's first message, [MS-NLMP] 2.2.1.1. */
export interface NegotiateMessage {
  readonly name: 'NEGOTIATE_MESSAGE';
  /** Bits of {@link NtlmFlag}, 32 bits without a sign. */
  readonly negotiateFlags: number;
  /** In the OEM character set. */
  readonly domainName: Uint8Array;
  /** In the OEM character set. */
  readonly workstation: Uint8Array;
  /** Only with NTLMSSP_NEGOTIATE_VERSION. */
  readonly version?: NtlmVersion;
}

const Flags = struct('NEGOTIATE_MESSAGE', { NegotiateFlags: 'u32' });

export const NegotiateMessage = codec<NegotiateMessage>({
  name: 'NEGOTIATE_MESSAGE',
  spec: { document: 'MS-NLMP', section: '2.2.1.1' },
  decode(reader) {
    readMessageHead(reader, NtlmMessageType.NEGOTIATE);
    const { NegotiateFlags: negotiateFlags } = Flags.decode(reader);
    const domain = readBufferField(reader, 'DomainNameFields');
    const station = readBufferField(reader, 'WorkstationFields');
    const hasVersion = (negotiateFlags & NtlmFlag.NTLMSSP_NEGOTIATE_VERSION) !== 0;
    const version = hasVersion ? { version: reader.structure(NtlmVersion) } : {};
    const payload = new PayloadReader(reader, headSize(hasVersion));
    const domainName = payload.take(domain, 'DomainName');
    const workstation = payload.take(station, 'Workstation');
    payload.end();
    return { name: 'NEGOTIATE_MESSAGE', negotiateFlags, domainName, workstation, ...version };
  },
  write(out, { negotiateFlags, domainName, workstation, version }) {
    const payload = new PayloadWriter(headSize(version !== undefined));
    const domain = payload.place(domainName);
    const station = payload.place(workstation);
    writeMessageHead(out, NtlmMessageType.NEGOTIATE);
    Flags.write(out, { NegotiateFlags: negotiateFlags });
    writeBufferField(out, domain);
    writeBufferField(out, station);
    if (version !== undefined) NtlmVersion.write(out, version);
    payload.write(out);
  },
});

function headSize(hasVersion: boolean): number {
  return MESSAGE_HEAD_SIZE + Flags.size + 2 * BUFFER_FIELD_SIZE + (hasVersion ? NTLM_VERSION_SIZE : 0);
}
