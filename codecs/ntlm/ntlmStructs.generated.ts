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
  'LmChallengeResponseLen:u16 LmChallengeResponseMaxLen:u16 LmChallengeResponseBufferOffset:u32 NtChallengeResponseLen:u16 NtChallengeResponseMaxLen:u16 NtChallengeResponseBufferOffset:u32 DomainNameLen:u16 DomainNameMaxLen:u16 DomainNameBufferOffset:u32 UserNameLen:u16 UserNameMaxLen:u16 UserNameBufferOffset:u32 WorkstationLen:u16 WorkstationMaxLen:u16 WorkstationBufferOffset:u32 EncryptedRandomSessionKeyLen:u16 EncryptedRandomSessionKeyMaxLen:u16 EncryptedRandomSessionKeyBufferOffset:u32 NegotiateFlags:u32': {
    decode: (bytes, at) => ({
      LmChallengeResponseLen: u16At(bytes, at),
      LmChallengeResponseMaxLen: u16At(bytes, at + 2),
      LmChallengeResponseBufferOffset: u32At(bytes, at + 4),
      NtChallengeResponseLen: u16At(bytes, at + 8),
      NtChallengeResponseMaxLen: u16At(bytes, at + 10),
      NtChallengeResponseBufferOffset: u32At(bytes, at + 12),
      DomainNameLen: u16At(bytes, at + 16),
      DomainNameMaxLen: u16At(bytes, at + 18),
      DomainNameBufferOffset: u32At(bytes, at + 20),
      UserNameLen: u16At(bytes, at + 24),
      UserNameMaxLen: u16At(bytes, at + 26),
      UserNameBufferOffset: u32At(bytes, at + 28),
      WorkstationLen: u16At(bytes, at + 32),
      WorkstationMaxLen: u16At(bytes, at + 34),
      WorkstationBufferOffset: u32At(bytes, at + 36),
      EncryptedRandomSessionKeyLen: u16At(bytes, at + 40),
      EncryptedRandomSessionKeyMaxLen: u16At(bytes, at + 42),
      EncryptedRandomSessionKeyBufferOffset: u32At(bytes, at + 44),
      NegotiateFlags: u32At(bytes, at + 48),
    }),
    encode(bytes, at, v: Values<'LmChallengeResponseLen' | 'LmChallengeResponseMaxLen' | 'LmChallengeResponseBufferOffset' | 'NtChallengeResponseLen' | 'NtChallengeResponseMaxLen' | 'NtChallengeResponseBufferOffset' | 'DomainNameLen' | 'DomainNameMaxLen' | 'DomainNameBufferOffset' | 'UserNameLen' | 'UserNameMaxLen' | 'UserNameBufferOffset' | 'WorkstationLen' | 'WorkstationMaxLen' | 'WorkstationBufferOffset' | 'EncryptedRandomSessionKeyLen' | 'EncryptedRandomSessionKeyMaxLen' | 'EncryptedRandomSessionKeyBufferOffset' | 'NegotiateFlags'>) {
      if ((v.LmChallengeResponseLen & 0xffff) !== v.LmChallengeResponseLen || (v.LmChallengeResponseMaxLen & 0xffff) !== v.LmChallengeResponseMaxLen || v.LmChallengeResponseBufferOffset >>> 0 !== v.LmChallengeResponseBufferOffset || (v.NtChallengeResponseLen & 0xffff) !== v.NtChallengeResponseLen || (v.NtChallengeResponseMaxLen & 0xffff) !== v.NtChallengeResponseMaxLen || v.NtChallengeResponseBufferOffset >>> 0 !== v.NtChallengeResponseBufferOffset || (v.DomainNameLen & 0xffff) !== v.DomainNameLen || (v.DomainNameMaxLen & 0xffff) !== v.DomainNameMaxLen || v.DomainNameBufferOffset >>> 0 !== v.DomainNameBufferOffset || (v.UserNameLen & 0xffff) !== v.UserNameLen || (v.UserNameMaxLen & 0xffff) !== v.UserNameMaxLen || v.UserNameBufferOffset >>> 0 !== v.UserNameBufferOffset || (v.WorkstationLen & 0xffff) !== v.WorkstationLen || (v.WorkstationMaxLen & 0xffff) !== v.WorkstationMaxLen || v.WorkstationBufferOffset >>> 0 !== v.WorkstationBufferOffset || (v.EncryptedRandomSessionKeyLen & 0xffff) !== v.EncryptedRandomSessionKeyLen || (v.EncryptedRandomSessionKeyMaxLen & 0xffff) !== v.EncryptedRandomSessionKeyMaxLen || v.EncryptedRandomSessionKeyBufferOffset >>> 0 !== v.EncryptedRandomSessionKeyBufferOffset || v.NegotiateFlags >>> 0 !== v.NegotiateFlags) return false;
      putU16(bytes, at, v.LmChallengeResponseLen);
      putU16(bytes, at + 2, v.LmChallengeResponseMaxLen);
      putU32(bytes, at + 4, v.LmChallengeResponseBufferOffset);
      putU16(bytes, at + 8, v.NtChallengeResponseLen);
      putU16(bytes, at + 10, v.NtChallengeResponseMaxLen);
      putU32(bytes, at + 12, v.NtChallengeResponseBufferOffset);
      putU16(bytes, at + 16, v.DomainNameLen);
      putU16(bytes, at + 18, v.DomainNameMaxLen);
      putU32(bytes, at + 20, v.DomainNameBufferOffset);
      putU16(bytes, at + 24, v.UserNameLen);
      putU16(bytes, at + 26, v.UserNameMaxLen);
      putU32(bytes, at + 28, v.UserNameBufferOffset);
      putU16(bytes, at + 32, v.WorkstationLen);
      putU16(bytes, at + 34, v.WorkstationMaxLen);
      putU32(bytes, at + 36, v.WorkstationBufferOffset);
      putU16(bytes, at + 40, v.EncryptedRandomSessionKeyLen);
      putU16(bytes, at + 42, v.EncryptedRandomSessionKeyMaxLen);
      putU32(bytes, at + 44, v.EncryptedRandomSessionKeyBufferOffset);
      putU32(bytes, at + 48, v.NegotiateFlags);
      return true;
    },
  },
  'NegotiateFlags:u32 DomainNameLen:u16 DomainNameMaxLen:u16 DomainNameBufferOffset:u32 WorkstationLen:u16 WorkstationMaxLen:u16 WorkstationBufferOffset:u32': {
    decode: (bytes, at) => ({
      NegotiateFlags: u32At(bytes, at),
      DomainNameLen: u16At(bytes, at + 4),
      DomainNameMaxLen: u16At(bytes, at + 6),
      DomainNameBufferOffset: u32At(bytes, at + 8),
      WorkstationLen: u16At(bytes, at + 12),
      WorkstationMaxLen: u16At(bytes, at + 14),
      WorkstationBufferOffset: u32At(bytes, at + 16),
    }),
    encode(bytes, at, v: Values<'NegotiateFlags' | 'DomainNameLen' | 'DomainNameMaxLen' | 'DomainNameBufferOffset' | 'WorkstationLen' | 'WorkstationMaxLen' | 'WorkstationBufferOffset'>) {
      if (v.NegotiateFlags >>> 0 !== v.NegotiateFlags || (v.DomainNameLen & 0xffff) !== v.DomainNameLen || (v.DomainNameMaxLen & 0xffff) !== v.DomainNameMaxLen || v.DomainNameBufferOffset >>> 0 !== v.DomainNameBufferOffset || (v.WorkstationLen & 0xffff) !== v.WorkstationLen || (v.WorkstationMaxLen & 0xffff) !== v.WorkstationMaxLen || v.WorkstationBufferOffset >>> 0 !== v.WorkstationBufferOffset) return false;
      putU32(bytes, at, v.NegotiateFlags);
      putU16(bytes, at + 4, v.DomainNameLen);
      putU16(bytes, at + 6, v.DomainNameMaxLen);
      putU32(bytes, at + 8, v.DomainNameBufferOffset);
      putU16(bytes, at + 12, v.WorkstationLen);
      putU16(bytes, at + 14, v.WorkstationMaxLen);
      putU32(bytes, at + 16, v.WorkstationBufferOffset);
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
  'TargetInfoLen:u16 TargetInfoMaxLen:u16 TargetInfoBufferOffset:u32': {
    decode: (bytes, at) => ({
      TargetInfoLen: u16At(bytes, at),
      TargetInfoMaxLen: u16At(bytes, at + 2),
      TargetInfoBufferOffset: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'TargetInfoLen' | 'TargetInfoMaxLen' | 'TargetInfoBufferOffset'>) {
      if ((v.TargetInfoLen & 0xffff) !== v.TargetInfoLen || (v.TargetInfoMaxLen & 0xffff) !== v.TargetInfoMaxLen || v.TargetInfoBufferOffset >>> 0 !== v.TargetInfoBufferOffset) return false;
      putU16(bytes, at, v.TargetInfoLen);
      putU16(bytes, at + 2, v.TargetInfoMaxLen);
      putU32(bytes, at + 4, v.TargetInfoBufferOffset);
      return true;
    },
  },
  'TargetNameLen:u16 TargetNameMaxLen:u16 TargetNameBufferOffset:u32 NegotiateFlags:u32': {
    decode: (bytes, at) => ({
      TargetNameLen: u16At(bytes, at),
      TargetNameMaxLen: u16At(bytes, at + 2),
      TargetNameBufferOffset: u32At(bytes, at + 4),
      NegotiateFlags: u32At(bytes, at + 8),
    }),
    encode(bytes, at, v: Values<'TargetNameLen' | 'TargetNameMaxLen' | 'TargetNameBufferOffset' | 'NegotiateFlags'>) {
      if ((v.TargetNameLen & 0xffff) !== v.TargetNameLen || (v.TargetNameMaxLen & 0xffff) !== v.TargetNameMaxLen || v.TargetNameBufferOffset >>> 0 !== v.TargetNameBufferOffset || v.NegotiateFlags >>> 0 !== v.NegotiateFlags) return false;
      putU16(bytes, at, v.TargetNameLen);
      putU16(bytes, at + 2, v.TargetNameMaxLen);
      putU32(bytes, at + 4, v.TargetNameBufferOffset);
      putU32(bytes, at + 8, v.NegotiateFlags);
      return true;
    },
  },
});
