// Generated from the field tables of this folder by `npm run docs`, with binary-parser: do not edit.
import { structsOf } from '../core/struct.ts';

export const struct = structsOf({
  'VCChunkSize:u32': (dataView, offset) => ({
    VCChunkSize: dataView.getUint32(offset, true),
  }),
  'capabilitySetType:u16 lengthCapability:u16': (dataView, offset) => ({
    capabilitySetType: dataView.getUint16(offset, true),
    lengthCapability: dataView.getUint16(offset + 2, true),
  }),
  'flags:u32': (dataView, offset) => ({
    flags: dataView.getUint32(offset, true),
  }),
  'length:u32 flags:u32': (dataView, offset) => ({
    length: dataView.getUint32(offset, true),
    flags: dataView.getUint32(offset + 4, true),
  }),
  'options:u32': (dataView, offset) => ({
    options: dataView.getUint32(offset, true),
  }),
});
