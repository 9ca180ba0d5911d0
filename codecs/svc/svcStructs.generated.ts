// Generated from the field tables of this folder by `npm run docs`, with binary-parser: do not edit.
import { structsOf, type Values } from '../core/struct.ts';

export const struct = structsOf({
  'VCChunkSize:u32': {
    decode: (dataView, offset) => ({
      VCChunkSize: dataView.getUint32(offset, true),
    }),
    encode(out, v: Values<'VCChunkSize'>) {
      if (v.VCChunkSize >>> 0 !== v.VCChunkSize) return false;
      out.writeUInt32LE(v.VCChunkSize);
      return true;
    },
  },
  'capabilitySetType:u16 lengthCapability:u16': {
    decode: (dataView, offset) => ({
      capabilitySetType: dataView.getUint16(offset, true),
      lengthCapability: dataView.getUint16(offset + 2, true),
    }),
    encode(out, v: Values<'capabilitySetType' | 'lengthCapability'>) {
      if ((v.capabilitySetType & 0xffff) !== v.capabilitySetType || (v.lengthCapability & 0xffff) !== v.lengthCapability) return false;
      out.writeUInt16LE(v.capabilitySetType);
      out.writeUInt16LE(v.lengthCapability);
      return true;
    },
  },
  'flags:u32': {
    decode: (dataView, offset) => ({
      flags: dataView.getUint32(offset, true),
    }),
    encode(out, v: Values<'flags'>) {
      if (v.flags >>> 0 !== v.flags) return false;
      out.writeUInt32LE(v.flags);
      return true;
    },
  },
  'length:u32 flags:u32': {
    decode: (dataView, offset) => ({
      length: dataView.getUint32(offset, true),
      flags: dataView.getUint32(offset + 4, true),
    }),
    encode(out, v: Values<'length' | 'flags'>) {
      if (v.length >>> 0 !== v.length || v.flags >>> 0 !== v.flags) return false;
      out.writeUInt32LE(v.length);
      out.writeUInt32LE(v.flags);
      return true;
    },
  },
  'options:u32': {
    decode: (dataView, offset) => ({
      options: dataView.getUint32(offset, true),
    }),
    encode(out, v: Values<'options'>) {
      if (v.options >>> 0 !== v.options) return false;
      out.writeUInt32LE(v.options);
      return true;
    },
  },
});
