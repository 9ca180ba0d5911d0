import { codec } from '../core/message.ts';
import { struct } from './ntlmStructs.generated.ts';

/** AvId, [MS-NLMP] 2.2.2.1. */
export const AvId = {
  MsvAvEOL: 0,
  MsvAvNbComputerName: 1,
  MsvAvNbDomainName: 2,
  MsvAvDnsComputerName: 3,
  MsvAvDnsDomainName: 4,
  MsvAvDnsTreeName: 5,
  /** 32 bits of {@link AvFlag}. */
  MsvAvFlags: 6,
  /** A FILETIME of 8 bytes. */
  MsvAvTimestamp: 7,
  MsvAvSingleHost: 8,
  MsvAvTargetName: 9,
  /** MD5 of gss_channel_bindings_struct, 16 bytes. */
  MsvAvChannelBindings: 10,
} as const;

/** Bits of MsvAvFlags. */
export const AvFlag = { MIC_PROVIDED: 0x00000002 } as const;

/** Facts about a server, and what a client adds: AV_PAIR structures up to MsvAvEOL, [MS-NLMP] 2.2.2.1. */
export interface AvPairs {
  readonly name: 'AV_PAIR';
  readonly pairs: readonly AvPair[];
}

/** One of {@link AvPairs}. */
export interface AvPair {
  /** Of {@link AvId}. */
  readonly avId: number;
  readonly value: Uint8Array;
}

const Head = struct('AV_PAIR', { AvId: 'u16', AvLen: 'u16' });

export const AvPairs = codec<AvPairs>({
  name: 'AV_PAIR',
  spec: { document: 'MS-NLMP', section: '2.2.2.1' },
  decode(reader) {
    const pairs: AvPair[] = [];
    for (;;) {
      const { AvId: avId, AvLen } = Head.decode(reader);
      const value = reader.take(AvLen, 'Value');
      if (avId === AvId.MsvAvEOL) return { name: 'AV_PAIR', pairs };
      pairs.push({ avId, value });
    }
  },
  write(out, { pairs }) {
    for (const { avId, value } of pairs) {
      Head.write(out, { AvId: avId, AvLen: value.byteLength });
      out.append(value);
    }
    Head.write(out, { AvId: AvId.MsvAvEOL, AvLen: 0 });
  },
});
