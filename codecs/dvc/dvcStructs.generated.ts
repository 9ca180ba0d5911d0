// Generated from the field tables of this folder by `npm run docs`, with binary-parser: do not edit.
import { i32At, putU16, putU32, putU8, u16At, u32At, u8At } from '../core/integers.ts';
import { structsOf, type Values } from '../core/struct.ts';

export const struct = structsOf({
  'CreationStatus:i32': {
    decode: (bytes, at) => ({
      CreationStatus: i32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'CreationStatus'>) {
      if ((v.CreationStatus | 0) !== v.CreationStatus) return false;
      putU32(bytes, at, v.CreationStatus);
      return true;
    },
  },
  'Header:u8 Pad:u8 Length:u32 Flags:u16 NumberOfTunnels:u16': {
    decode: (bytes, at) => ({
      Header: u8At(bytes, at),
      Pad: u8At(bytes, at + 1),
      Length: u32At(bytes, at + 2),
      Flags: u16At(bytes, at + 6),
      NumberOfTunnels: u16At(bytes, at + 8),
    }),
    encode(bytes, at, v: Values<'Header' | 'Pad' | 'Length' | 'Flags' | 'NumberOfTunnels'>) {
      if ((v.Header & 0xff) !== v.Header || (v.Pad & 0xff) !== v.Pad || v.Length >>> 0 !== v.Length || (v.Flags & 0xffff) !== v.Flags || (v.NumberOfTunnels & 0xffff) !== v.NumberOfTunnels) return false;
      putU8(bytes, at, v.Header);
      putU8(bytes, at + 1, v.Pad);
      putU32(bytes, at + 2, v.Length);
      putU16(bytes, at + 6, v.Flags);
      putU16(bytes, at + 8, v.NumberOfTunnels);
      return true;
    },
  },
  'Header:u8 Pad:u8 NumberOfTunnels:u32': {
    decode: (bytes, at) => ({
      Header: u8At(bytes, at),
      Pad: u8At(bytes, at + 1),
      NumberOfTunnels: u32At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'Header' | 'Pad' | 'NumberOfTunnels'>) {
      if ((v.Header & 0xff) !== v.Header || (v.Pad & 0xff) !== v.Pad || v.NumberOfTunnels >>> 0 !== v.NumberOfTunnels) return false;
      putU8(bytes, at, v.Header);
      putU8(bytes, at + 1, v.Pad);
      putU32(bytes, at + 2, v.NumberOfTunnels);
      return true;
    },
  },
  'Header:u8 Pad:u8 Version:u16': {
    decode: (bytes, at) => ({
      Header: u8At(bytes, at),
      Pad: u8At(bytes, at + 1),
      Version: u16At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'Header' | 'Pad' | 'Version'>) {
      if ((v.Header & 0xff) !== v.Header || (v.Pad & 0xff) !== v.Pad || (v.Version & 0xffff) !== v.Version) return false;
      putU8(bytes, at, v.Header);
      putU8(bytes, at + 1, v.Pad);
      putU16(bytes, at + 2, v.Version);
      return true;
    },
  },
  'PriorityCharge0:u16 PriorityCharge1:u16 PriorityCharge2:u16 PriorityCharge3:u16': {
    decode: (bytes, at) => ({
      PriorityCharge0: u16At(bytes, at),
      PriorityCharge1: u16At(bytes, at + 2),
      PriorityCharge2: u16At(bytes, at + 4),
      PriorityCharge3: u16At(bytes, at + 6),
    }),
    encode(bytes, at, v: Values<'PriorityCharge0' | 'PriorityCharge1' | 'PriorityCharge2' | 'PriorityCharge3'>) {
      if ((v.PriorityCharge0 & 0xffff) !== v.PriorityCharge0 || (v.PriorityCharge1 & 0xffff) !== v.PriorityCharge1 || (v.PriorityCharge2 & 0xffff) !== v.PriorityCharge2 || (v.PriorityCharge3 & 0xffff) !== v.PriorityCharge3) return false;
      putU16(bytes, at, v.PriorityCharge0);
      putU16(bytes, at + 2, v.PriorityCharge1);
      putU16(bytes, at + 4, v.PriorityCharge2);
      putU16(bytes, at + 6, v.PriorityCharge3);
      return true;
    },
  },
  'TunnelType:u32 NumberOfDVCs:u16': {
    decode: (bytes, at) => ({
      TunnelType: u32At(bytes, at),
      NumberOfDVCs: u16At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'TunnelType' | 'NumberOfDVCs'>) {
      if (v.TunnelType >>> 0 !== v.TunnelType || (v.NumberOfDVCs & 0xffff) !== v.NumberOfDVCs) return false;
      putU32(bytes, at, v.TunnelType);
      putU16(bytes, at + 4, v.NumberOfDVCs);
      return true;
    },
  },
});
