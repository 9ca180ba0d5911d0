import { codec } from '../core/message.ts';
import { AvPairs } from './avPairs.ts';
import { struct } from './ntlmStructs.generated.ts';

/** NTLMv2_CLIENT_CHALLENGE, [MS-NLMP] 2.2.2.7: what the client's proof is computed over, after the server's challenge. */
export interface NtlmClientChallenge {
  readonly name: 'NTLMv2_CLIENT_CHALLENGE';
  /** A FILETIME of 8 bytes. */
  readonly timeStamp: Uint8Array;
  /** 8 bytes. */
  readonly challengeFromClient: Uint8Array;
  readonly avPairs: AvPairs;
}

const Head = struct('NTLMv2_CLIENT_CHALLENGE', {
  RespType: 'u8',
  HiRespType: 'u8',
  Reserved1: 'u16',
  Reserved2: 'u32',
});
const VERSION = 1;
const RESERVED3_SIZE = 4;

export const NtlmClientChallenge = codec<NtlmClientChallenge>({
  name: 'NTLMv2_CLIENT_CHALLENGE',
  spec: { document: 'MS-NLMP', section: '2.2.2.7' },
  decode(reader) {
    const { RespType, HiRespType } = Head.decode(reader);
    if (RespType !== VERSION || HiRespType !== VERSION) {
      throw reader.error('INVALID_VALUE', 'RespType', `${RespType} and ${HiRespType} instead of 1 and 1`, Head.size);
    }
    const timeStamp = reader.take(8, 'TimeStamp');
    const challengeFromClient = reader.take(8, 'ChallengeFromClient');
    reader.pad(RESERVED3_SIZE, 'Reserved3');
    const avPairs = reader.structure(AvPairs);
    return { name: 'NTLMv2_CLIENT_CHALLENGE', timeStamp, challengeFromClient, avPairs };
  },
  write(out, { timeStamp, challengeFromClient, avPairs }) {
    Head.write(out, { RespType: VERSION, HiRespType: VERSION, Reserved1: 0, Reserved2: 0 });
    out.append(timeStamp);
    out.append(challengeFromClient);
    out.zeros(RESERVED3_SIZE);
    AvPairs.write(out, avPairs);
  },
});
