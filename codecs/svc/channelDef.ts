import { codec } from '../core/message.ts';
import { struct } from './svcStructs.generated.ts';

const SPEC = { document: 'MS-RDPBCGR', section: '2.2.1.3.4.1' };

/** CHANNEL_DEF, [MS-RDPBCGR] 2.2.1.3.4.1: a static virtual channel that the client asks for. */
export interface ChannelDef {
  /** At most 7 characters; compare without regard to case. */
  readonly name: string;
  /** Bits of {@link ChannelOption}. */
  readonly options: number;
}

/** Bits of CHANNEL_DEF.options. */
export const ChannelOption = {
  CHANNEL_OPTION_INITIALIZED: 0x80000000,
  CHANNEL_OPTION_ENCRYPT_RDP: 0x40000000,
  CHANNEL_OPTION_ENCRYPT_SC: 0x20000000,
  CHANNEL_OPTION_ENCRYPT_CS: 0x10000000,
  CHANNEL_OPTION_PRI_HIGH: 0x08000000,
  CHANNEL_OPTION_PRI_MED: 0x04000000,
  CHANNEL_OPTION_PRI_LOW: 0x02000000,
  CHANNEL_OPTION_COMPRESS_RDP: 0x00800000,
  CHANNEL_OPTION_COMPRESS: 0x00400000,
  CHANNEL_OPTION_SHOW_PROTOCOL: 0x00200000,
  REMOTE_CONTROL_PERSISTENT: 0x00100000,
} as const;

/** The static channel that carries dynamic channels. Specifications print it in capitals, peers send it like this. */
export const DRDYNVC_CHANNEL_NAME = 'drdynvc';

const NAME_SIZE = 8;
const Options = struct('CHANNEL_DEF', { options: 'u32' });

/** Bytes of a CHANNEL_DEF. */
export const CHANNEL_DEF_SIZE = NAME_SIZE + Options.size;

export const ChannelDef = codec<ChannelDef>({
  name: 'CHANNEL_DEF',
  spec: SPEC,
  decode(reader) {
    const name = reader.fixedAnsi(NAME_SIZE, 'name');
    return { name, options: Options.decode(reader).options };
  },
  write(out, { name, options }) {
    out.fixedAnsi(name, NAME_SIZE, 'CHANNEL_DEF.name');
    Options.write(out, { options });
  },
});
