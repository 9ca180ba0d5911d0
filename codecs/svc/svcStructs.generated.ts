// Generated from the field tables of this folder by `npm run docs`, with binary-parser: do not edit.
import { putU16, putU32, u16At, u32At } from '../core/integers.ts';
import { structsOf, type Values } from '../core/struct.ts';

export const struct = structsOf({
  'VCChunkSize:u32': {
    decode: (bytes, at) => ({
      VCChunkSize: u32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'VCChunkSize'>) {
      if (v.VCChunkSize >>> 0 !== v.VCChunkSize) return false;
      putU32(bytes, at, v.VCChunkSize);
      return true;
    },
  },
  'capabilitySetType:u16 lengthCapability:u16': {
    decode: (bytes, at) => ({
      capabilitySetType: u16At(bytes, at),
      lengthCapability: u16At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'capabilitySetType' | 'lengthCapability'>) {
      if ((v.capabilitySetType & 0xffff) !== v.capabilitySetType || (v.lengthCapability & 0xffff) !== v.lengthCapability) return false;
      putU16(bytes, at, v.capabilitySetType);
      putU16(bytes, at + 2, v.lengthCapability);
      return true;
    },
  },
  'flags:u32': {
    decode: (bytes, at) => ({
      flags: u32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'flags'>) {
      if (v.flags >>> 0 !== v.flags) return false;
      putU32(bytes, at, v.flags);
      return true;
    },
  },
  'length:u32 flags:u32': {
    decode: (bytes, at) => ({
      length: u32At(bytes, at),
      flags: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'length' | 'flags'>) {
      if (v.length >>> 0 !== v.length || v.flags >>> 0 !== v.flags) return false;
      putU32(bytes, at, v.length);
      putU32(bytes, at + 4, v.flags);
      return true;
    },
  },
  'options:u32': {
    decode: (bytes, at) => ({
      options: u32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'options'>) {
      if (v.options >>> 0 !== v.options) return false;
      putU32(bytes, at, v.options);
      return true;
    },
  },
});
