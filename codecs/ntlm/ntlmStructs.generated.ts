// Generated from the field tables of this folder by `npm run docs`, with binary-parser: do not edit.
import { putU16, putU32, putU8, u16At, u32At, u8At } from '../core/integers.ts';
import { structsOf, type Values } from '../core/struct.ts';

export const struct = structsOf({
  'AvId:u16 AvLen:u16': {
    decode: (bytes, at) => ({
      AvId: u16At(bytes, at),
      AvLen: u16At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'AvId' | 'AvLen'>) {
      if ((v.AvId & 0xffff) !== v.AvId || (v.AvLen & 0xffff) !== v.AvLen) return false;
      putU16(bytes, at, v.AvId);
      putU16(bytes, at + 2, v.AvLen);
      return true;
    },
  },
  'Len:u16 MaxLen:u16 BufferOffset:u32': {
    decode: (bytes, at) => ({
      Len: u16At(bytes, at),
      MaxLen: u16At(bytes, at + 2),
      BufferOffset: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'Len' | 'MaxLen' | 'BufferOffset'>) {
      if ((v.Len & 0xffff) !== v.Len || (v.MaxLen & 0xffff) !== v.MaxLen || v.BufferOffset >>> 0 !== v.BufferOffset) return false;
      putU16(bytes, at, v.Len);
      putU16(bytes, at + 2, v.MaxLen);
      putU32(bytes, at + 4, v.BufferOffset);
      return true;
    },
  },
  'NegotiateFlags:u32': {
    decode: (bytes, at) => ({
      NegotiateFlags: u32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'NegotiateFlags'>) {
      if (v.NegotiateFlags >>> 0 !== v.NegotiateFlags) return false;
      putU32(bytes, at, v.NegotiateFlags);
      return true;
    },
  },
  'ProductMajorVersion:u8 ProductMinorVersion:u8 ProductBuild:u16 Reserved:u8 Reserved2:u16 NTLMRevisionCurrent:u8': {
    decode: (bytes, at) => ({
      ProductMajorVersion: u8At(bytes, at),
      ProductMinorVersion: u8At(bytes, at + 1),
      ProductBuild: u16At(bytes, at + 2),
      Reserved: u8At(bytes, at + 4),
      Reserved2: u16At(bytes, at + 5),
      NTLMRevisionCurrent: u8At(bytes, at + 7),
    }),
    encode(bytes, at, v: Values<'ProductMajorVersion' | 'ProductMinorVersion' | 'ProductBuild' | 'Reserved' | 'Reserved2' | 'NTLMRevisionCurrent'>) {
      if ((v.ProductMajorVersion & 0xff) !== v.ProductMajorVersion || (v.ProductMinorVersion & 0xff) !== v.ProductMinorVersion || (v.ProductBuild & 0xffff) !== v.ProductBuild || (v.Reserved & 0xff) !== v.Reserved || (v.Reserved2 & 0xffff) !== v.Reserved2 || (v.NTLMRevisionCurrent & 0xff) !== v.NTLMRevisionCurrent) return false;
      putU8(bytes, at, v.ProductMajorVersion);
      putU8(bytes, at + 1, v.ProductMinorVersion);
      putU16(bytes, at + 2, v.ProductBuild);
      putU8(bytes, at + 4, v.Reserved);
      putU16(bytes, at + 5, v.Reserved2);
      putU8(bytes, at + 7, v.NTLMRevisionCurrent);
      return true;
    },
  },
  'RespType:u8 HiRespType:u8 Reserved1:u16 Reserved2:u32': {
    decode: (bytes, at) => ({
      RespType: u8At(bytes, at),
      HiRespType: u8At(bytes, at + 1),
      Reserved1: u16At(bytes, at + 2),
      Reserved2: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'RespType' | 'HiRespType' | 'Reserved1' | 'Reserved2'>) {
      if ((v.RespType & 0xff) !== v.RespType || (v.HiRespType & 0xff) !== v.HiRespType || (v.Reserved1 & 0xffff) !== v.Reserved1 || v.Reserved2 >>> 0 !== v.Reserved2) return false;
      putU8(bytes, at, v.RespType);
      putU8(bytes, at + 1, v.HiRespType);
      putU16(bytes, at + 2, v.Reserved1);
      putU32(bytes, at + 4, v.Reserved2);
      return true;
    },
  },
  'SignatureLow:u32 SignatureHigh:u32 MessageType:u32': {
    decode: (bytes, at) => ({
      SignatureLow: u32At(bytes, at),
      SignatureHigh: u32At(bytes, at + 4),
      MessageType: u32At(bytes, at + 8),
    }),
    encode(bytes, at, v: Values<'SignatureLow' | 'SignatureHigh' | 'MessageType'>) {
      if (v.SignatureLow >>> 0 !== v.SignatureLow || v.SignatureHigh >>> 0 !== v.SignatureHigh || v.MessageType >>> 0 !== v.MessageType) return false;
      putU32(bytes, at, v.SignatureLow);
      putU32(bytes, at + 4, v.SignatureHigh);
      putU32(bytes, at + 8, v.MessageType);
      return true;
    },
  },
});
