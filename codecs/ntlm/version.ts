import { codec } from '../core/message.ts';
import { struct } from './ntlmStructs.generated.ts';

/** VERSION, [MS-NLMP] 2.2.2.10: for debugging only. */
export interface NtlmVersion {
  readonly productMajorVersion: number;
  readonly productMinorVersion: number;
  readonly productBuild: number;
  /** 15: NTLMSSP_REVISION_W2K3. */
  readonly ntlmRevisionCurrent: number;
}

const Table = struct('VERSION', {
  ProductMajorVersion: 'u8',
  ProductMinorVersion: 'u8',
  ProductBuild: 'u16',
  Reserved: 'u8',
  Reserved2: 'u16',
  NTLMRevisionCurrent: 'u8',
});

/** Bytes of VERSION. */
export const NTLM_VERSION_SIZE = Table.size;

export const NtlmVersion = codec<NtlmVersion>({
  name: 'VERSION',
  spec: { document: 'MS-NLMP', section: '2.2.2.10' },
  decode(reader) {
    const table = Table.decode(reader);
    return {
      productMajorVersion: table.ProductMajorVersion,
      productMinorVersion: table.ProductMinorVersion,
      productBuild: table.ProductBuild,
      ntlmRevisionCurrent: table.NTLMRevisionCurrent,
    };
  },
  write(out, { productMajorVersion, productMinorVersion, productBuild, ntlmRevisionCurrent }) {
    Table.write(out, {
      ProductMajorVersion: productMajorVersion,
      ProductMinorVersion: productMinorVersion,
      ProductBuild: productBuild,
      Reserved: 0,
      Reserved2: 0,
      NTLMRevisionCurrent: ntlmRevisionCurrent,
    });
  },
});
