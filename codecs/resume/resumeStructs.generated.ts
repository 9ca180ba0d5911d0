// Generated from the field tables of this folder by `npm run docs`, with binary-parser: do not edit.
import { putU16, putU32, putU8, u16At, u32At, u8At } from '../core/integers.ts';
import { structsOf, type Values } from '../core/struct.ts';

export const struct = structsOf({
  'generation:u32 received:u32': {
    decode: (bytes, at) => ({
      generation: u32At(bytes, at),
      received: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'generation' | 'received'>) {
      if (v.generation >>> 0 !== v.generation || v.received >>> 0 !== v.received) return false;
      putU32(bytes, at, v.generation);
      putU32(bytes, at + 4, v.received);
      return true;
    },
  },
  'hold:u16 mark:u16 flags:u32': {
    decode: (bytes, at) => ({
      hold: u16At(bytes, at),
      mark: u16At(bytes, at + 2),
      flags: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'hold' | 'mark' | 'flags'>) {
      if ((v.hold & 0xffff) !== v.hold || (v.mark & 0xffff) !== v.mark || v.flags >>> 0 !== v.flags) return false;
      putU16(bytes, at, v.hold);
      putU16(bytes, at + 2, v.mark);
      putU32(bytes, at + 4, v.flags);
      return true;
    },
  },
  'received:u32': {
    decode: (bytes, at) => ({
      received: u32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'received'>) {
      if (v.received >>> 0 !== v.received) return false;
      putU32(bytes, at, v.received);
      return true;
    },
  },
  'size:u16': {
    decode: (bytes, at) => ({
      size: u16At(bytes, at),
    }),
    encode(bytes, at, v: Values<'size'>) {
      if ((v.size & 0xffff) !== v.size) return false;
      putU16(bytes, at, v.size);
      return true;
    },
  },
  'version:u8 hold:u16': {
    decode: (bytes, at) => ({
      version: u8At(bytes, at),
      hold: u16At(bytes, at + 1),
    }),
    encode(bytes, at, v: Values<'version' | 'hold'>) {
      if ((v.version & 0xff) !== v.version || (v.hold & 0xffff) !== v.hold) return false;
      putU8(bytes, at, v.version);
      putU16(bytes, at + 1, v.hold);
      return true;
    },
  },
});
