// Generated from the field tables of this folder by `npm run docs`, with binary-parser: do not edit.
import { putU16, putU16be, putU32, putU8, u16At, u16beAt, u32At, u8At } from '../core/integers.ts';
import { structsOf, type Values } from '../core/struct.ts';

export const struct = structsOf({
  'CodePage:u32 flags:u32 cbDomain:u16 cbUserName:u16 cbPassword:u16 cbAlternateShell:u16 cbWorkingDir:u16': {
    decode: (bytes, at) => ({
      CodePage: u32At(bytes, at),
      flags: u32At(bytes, at + 4),
      cbDomain: u16At(bytes, at + 8),
      cbUserName: u16At(bytes, at + 10),
      cbPassword: u16At(bytes, at + 12),
      cbAlternateShell: u16At(bytes, at + 14),
      cbWorkingDir: u16At(bytes, at + 16),
    }),
    encode(bytes, at, v: Values<'CodePage' | 'flags' | 'cbDomain' | 'cbUserName' | 'cbPassword' | 'cbAlternateShell' | 'cbWorkingDir'>) {
      if (v.CodePage >>> 0 !== v.CodePage || v.flags >>> 0 !== v.flags || (v.cbDomain & 0xffff) !== v.cbDomain || (v.cbUserName & 0xffff) !== v.cbUserName || (v.cbPassword & 0xffff) !== v.cbPassword || (v.cbAlternateShell & 0xffff) !== v.cbAlternateShell || (v.cbWorkingDir & 0xffff) !== v.cbWorkingDir) return false;
      putU32(bytes, at, v.CodePage);
      putU32(bytes, at + 4, v.flags);
      putU16(bytes, at + 8, v.cbDomain);
      putU16(bytes, at + 10, v.cbUserName);
      putU16(bytes, at + 12, v.cbPassword);
      putU16(bytes, at + 14, v.cbAlternateShell);
      putU16(bytes, at + 16, v.cbWorkingDir);
      return true;
    },
  },
  'Flags:u16 Length:u16 SessionID:u32 RedirFlags:u32': {
    decode: (bytes, at) => ({
      Flags: u16At(bytes, at),
      Length: u16At(bytes, at + 2),
      SessionID: u32At(bytes, at + 4),
      RedirFlags: u32At(bytes, at + 8),
    }),
    encode(bytes, at, v: Values<'Flags' | 'Length' | 'SessionID' | 'RedirFlags'>) {
      if ((v.Flags & 0xffff) !== v.Flags || (v.Length & 0xffff) !== v.Length || v.SessionID >>> 0 !== v.SessionID || v.RedirFlags >>> 0 !== v.RedirFlags) return false;
      putU16(bytes, at, v.Flags);
      putU16(bytes, at + 2, v.Length);
      putU32(bytes, at + 4, v.SessionID);
      putU32(bytes, at + 8, v.RedirFlags);
      return true;
    },
  },
  'Flags:u32 RedirectedSessionID:u32': {
    decode: (bytes, at) => ({
      Flags: u32At(bytes, at),
      RedirectedSessionID: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'Flags' | 'RedirectedSessionID'>) {
      if (v.Flags >>> 0 !== v.Flags || v.RedirectedSessionID >>> 0 !== v.RedirectedSessionID) return false;
      putU32(bytes, at, v.Flags);
      putU32(bytes, at + 4, v.RedirectedSessionID);
      return true;
    },
  },
  'LI:u8 code:u8 dstRef:u16be srcRef:u16be class:u8': {
    decode: (bytes, at) => ({
      LI: u8At(bytes, at),
      code: u8At(bytes, at + 1),
      dstRef: u16beAt(bytes, at + 2),
      srcRef: u16beAt(bytes, at + 4),
      class: u8At(bytes, at + 6),
    }),
    encode(bytes, at, v: Values<'LI' | 'code' | 'dstRef' | 'srcRef' | 'class'>) {
      if ((v.LI & 0xff) !== v.LI || (v.code & 0xff) !== v.code || (v.dstRef & 0xffff) !== v.dstRef || (v.srcRef & 0xffff) !== v.srcRef || (v.class & 0xff) !== v.class) return false;
      putU8(bytes, at, v.LI);
      putU8(bytes, at + 1, v.code);
      putU16be(bytes, at + 2, v.dstRef);
      putU16be(bytes, at + 4, v.srcRef);
      putU8(bytes, at + 6, v.class);
      return true;
    },
  },
  'MCSChannelId:u16 channelCount:u16': {
    decode: (bytes, at) => ({
      MCSChannelId: u16At(bytes, at),
      channelCount: u16At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'MCSChannelId' | 'channelCount'>) {
      if ((v.MCSChannelId & 0xffff) !== v.MCSChannelId || (v.channelCount & 0xffff) !== v.channelCount) return false;
      putU16(bytes, at, v.MCSChannelId);
      putU16(bytes, at + 2, v.channelCount);
      return true;
    },
  },
  'action:u16 grantId:u16 controlId:u32': {
    decode: (bytes, at) => ({
      action: u16At(bytes, at),
      grantId: u16At(bytes, at + 2),
      controlId: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'action' | 'grantId' | 'controlId'>) {
      if ((v.action & 0xffff) !== v.action || (v.grantId & 0xffff) !== v.grantId || v.controlId >>> 0 !== v.controlId) return false;
      putU16(bytes, at, v.action);
      putU16(bytes, at + 2, v.grantId);
      putU32(bytes, at + 4, v.controlId);
      return true;
    },
  },
  'authorizationResult:u32': {
    decode: (bytes, at) => ({
      authorizationResult: u32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'authorizationResult'>) {
      if (v.authorizationResult >>> 0 !== v.authorizationResult) return false;
      putU32(bytes, at, v.authorizationResult);
      return true;
    },
  },
  'bMsgType:u8 flags:u8 wMsgSize:u16': {
    decode: (bytes, at) => ({
      bMsgType: u8At(bytes, at),
      flags: u8At(bytes, at + 1),
      wMsgSize: u16At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'bMsgType' | 'flags' | 'wMsgSize'>) {
      if ((v.bMsgType & 0xff) !== v.bMsgType || (v.flags & 0xff) !== v.flags || (v.wMsgSize & 0xffff) !== v.wMsgSize) return false;
      putU8(bytes, at, v.bMsgType);
      putU8(bytes, at + 1, v.flags);
      putU16(bytes, at + 2, v.wMsgSize);
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
  'cbLen:u32 Version:u32 LogonId:u32': {
    decode: (bytes, at) => ({
      cbLen: u32At(bytes, at),
      Version: u32At(bytes, at + 4),
      LogonId: u32At(bytes, at + 8),
    }),
    encode(bytes, at, v: Values<'cbLen' | 'Version' | 'LogonId'>) {
      if (v.cbLen >>> 0 !== v.cbLen || v.Version >>> 0 !== v.Version || v.LogonId >>> 0 !== v.LogonId) return false;
      putU32(bytes, at, v.cbLen);
      putU32(bytes, at + 4, v.Version);
      putU32(bytes, at + 8, v.LogonId);
      return true;
    },
  },
  'channelCount:u32': {
    decode: (bytes, at) => ({
      channelCount: u32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'channelCount'>) {
      if (v.channelCount >>> 0 !== v.channelCount) return false;
      putU32(bytes, at, v.channelCount);
      return true;
    },
  },
  'colorPointerFlag:u16 colorPointerCacheSize:u16': {
    decode: (bytes, at) => ({
      colorPointerFlag: u16At(bytes, at),
      colorPointerCacheSize: u16At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'colorPointerFlag' | 'colorPointerCacheSize'>) {
      if ((v.colorPointerFlag & 0xffff) !== v.colorPointerFlag || (v.colorPointerCacheSize & 0xffff) !== v.colorPointerCacheSize) return false;
      putU16(bytes, at, v.colorPointerFlag);
      putU16(bytes, at + 2, v.colorPointerCacheSize);
      return true;
    },
  },
  'destLeft:u16 destTop:u16 destRight:u16 destBottom:u16 width:u16 height:u16 bitsPerPixel:u16 flags:u16 bitmapLength:u16': {
    decode: (bytes, at) => ({
      destLeft: u16At(bytes, at),
      destTop: u16At(bytes, at + 2),
      destRight: u16At(bytes, at + 4),
      destBottom: u16At(bytes, at + 6),
      width: u16At(bytes, at + 8),
      height: u16At(bytes, at + 10),
      bitsPerPixel: u16At(bytes, at + 12),
      flags: u16At(bytes, at + 14),
      bitmapLength: u16At(bytes, at + 16),
    }),
    encode(bytes, at, v: Values<'destLeft' | 'destTop' | 'destRight' | 'destBottom' | 'width' | 'height' | 'bitsPerPixel' | 'flags' | 'bitmapLength'>) {
      if ((v.destLeft & 0xffff) !== v.destLeft || (v.destTop & 0xffff) !== v.destTop || (v.destRight & 0xffff) !== v.destRight || (v.destBottom & 0xffff) !== v.destBottom || (v.width & 0xffff) !== v.width || (v.height & 0xffff) !== v.height || (v.bitsPerPixel & 0xffff) !== v.bitsPerPixel || (v.flags & 0xffff) !== v.flags || (v.bitmapLength & 0xffff) !== v.bitmapLength) return false;
      putU16(bytes, at, v.destLeft);
      putU16(bytes, at + 2, v.destTop);
      putU16(bytes, at + 4, v.destRight);
      putU16(bytes, at + 6, v.destBottom);
      putU16(bytes, at + 8, v.width);
      putU16(bytes, at + 10, v.height);
      putU16(bytes, at + 12, v.bitsPerPixel);
      putU16(bytes, at + 14, v.flags);
      putU16(bytes, at + 16, v.bitmapLength);
      return true;
    },
  },
  'dwErrorCode:u32 dwStateTransition:u32': {
    decode: (bytes, at) => ({
      dwErrorCode: u32At(bytes, at),
      dwStateTransition: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'dwErrorCode' | 'dwStateTransition'>) {
      if (v.dwErrorCode >>> 0 !== v.dwErrorCode || v.dwStateTransition >>> 0 !== v.dwStateTransition) return false;
      putU32(bytes, at, v.dwErrorCode);
      putU32(bytes, at + 4, v.dwStateTransition);
      return true;
    },
  },
  'encryptionMethod:u32 encryptionLevel:u32': {
    decode: (bytes, at) => ({
      encryptionMethod: u32At(bytes, at),
      encryptionLevel: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'encryptionMethod' | 'encryptionLevel'>) {
      if (v.encryptionMethod >>> 0 !== v.encryptionMethod || v.encryptionLevel >>> 0 !== v.encryptionLevel) return false;
      putU32(bytes, at, v.encryptionMethod);
      putU32(bytes, at + 4, v.encryptionLevel);
      return true;
    },
  },
  'encryptionMethods:u32 extEncryptionMethods:u32': {
    decode: (bytes, at) => ({
      encryptionMethods: u32At(bytes, at),
      extEncryptionMethods: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'encryptionMethods' | 'extEncryptionMethods'>) {
      if (v.encryptionMethods >>> 0 !== v.encryptionMethods || v.extEncryptionMethods >>> 0 !== v.extEncryptionMethods) return false;
      putU32(bytes, at, v.encryptionMethods);
      putU32(bytes, at + 4, v.extEncryptionMethods);
      return true;
    },
  },
  'errorInfo:u32': {
    decode: (bytes, at) => ({
      errorInfo: u32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'errorInfo'>) {
      if (v.errorInfo >>> 0 !== v.errorInfo) return false;
      putU32(bytes, at, v.errorInfo);
      return true;
    },
  },
  'flags:u16 flagsHi:u16': {
    decode: (bytes, at) => ({
      flags: u16At(bytes, at),
      flagsHi: u16At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'flags' | 'flagsHi'>) {
      if ((v.flags & 0xffff) !== v.flags || (v.flagsHi & 0xffff) !== v.flagsHi) return false;
      putU16(bytes, at, v.flags);
      putU16(bytes, at + 2, v.flagsHi);
      return true;
    },
  },
  'fontSupportFlags:u16 pad2octets:u16': {
    decode: (bytes, at) => ({
      fontSupportFlags: u16At(bytes, at),
      pad2octets: u16At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'fontSupportFlags' | 'pad2octets'>) {
      if ((v.fontSupportFlags & 0xffff) !== v.fontSupportFlags || (v.pad2octets & 0xffff) !== v.pad2octets) return false;
      putU16(bytes, at, v.fontSupportFlags);
      putU16(bytes, at + 2, v.pad2octets);
      return true;
    },
  },
  'infoType:u32 Length:u16 FieldsPresent:u32 cbFieldData:u32': {
    decode: (bytes, at) => ({
      infoType: u32At(bytes, at),
      Length: u16At(bytes, at + 4),
      FieldsPresent: u32At(bytes, at + 6),
      cbFieldData: u32At(bytes, at + 10),
    }),
    encode(bytes, at, v: Values<'infoType' | 'Length' | 'FieldsPresent' | 'cbFieldData'>) {
      if (v.infoType >>> 0 !== v.infoType || (v.Length & 0xffff) !== v.Length || v.FieldsPresent >>> 0 !== v.FieldsPresent || v.cbFieldData >>> 0 !== v.cbFieldData) return false;
      putU32(bytes, at, v.infoType);
      putU16(bytes, at + 4, v.Length);
      putU32(bytes, at + 6, v.FieldsPresent);
      putU32(bytes, at + 10, v.cbFieldData);
      return true;
    },
  },
  'inputFlags:u16 pad2octetsA:u16 keyboardLayout:u32 keyboardType:u32 keyboardSubType:u32 keyboardFunctionKey:u32': {
    decode: (bytes, at) => ({
      inputFlags: u16At(bytes, at),
      pad2octetsA: u16At(bytes, at + 2),
      keyboardLayout: u32At(bytes, at + 4),
      keyboardType: u32At(bytes, at + 8),
      keyboardSubType: u32At(bytes, at + 12),
      keyboardFunctionKey: u32At(bytes, at + 16),
    }),
    encode(bytes, at, v: Values<'inputFlags' | 'pad2octetsA' | 'keyboardLayout' | 'keyboardType' | 'keyboardSubType' | 'keyboardFunctionKey'>) {
      if ((v.inputFlags & 0xffff) !== v.inputFlags || (v.pad2octetsA & 0xffff) !== v.pad2octetsA || v.keyboardLayout >>> 0 !== v.keyboardLayout || v.keyboardType >>> 0 !== v.keyboardType || v.keyboardSubType >>> 0 !== v.keyboardSubType || v.keyboardFunctionKey >>> 0 !== v.keyboardFunctionKey) return false;
      putU16(bytes, at, v.inputFlags);
      putU16(bytes, at + 2, v.pad2octetsA);
      putU32(bytes, at + 4, v.keyboardLayout);
      putU32(bytes, at + 8, v.keyboardType);
      putU32(bytes, at + 12, v.keyboardSubType);
      putU32(bytes, at + 16, v.keyboardFunctionKey);
      return true;
    },
  },
  'keyboardType:u32 keyboardSubType:u32 keyboardFunctionKey:u32': {
    decode: (bytes, at) => ({
      keyboardType: u32At(bytes, at),
      keyboardSubType: u32At(bytes, at + 4),
      keyboardFunctionKey: u32At(bytes, at + 8),
    }),
    encode(bytes, at, v: Values<'keyboardType' | 'keyboardSubType' | 'keyboardFunctionKey'>) {
      if (v.keyboardType >>> 0 !== v.keyboardType || v.keyboardSubType >>> 0 !== v.keyboardSubType || v.keyboardFunctionKey >>> 0 !== v.keyboardFunctionKey) return false;
      putU32(bytes, at, v.keyboardType);
      putU32(bytes, at + 4, v.keyboardSubType);
      putU32(bytes, at + 8, v.keyboardFunctionKey);
      return true;
    },
  },
  'left:u16 top:u16 right:u16 bottom:u16': {
    decode: (bytes, at) => ({
      left: u16At(bytes, at),
      top: u16At(bytes, at + 2),
      right: u16At(bytes, at + 4),
      bottom: u16At(bytes, at + 6),
    }),
    encode(bytes, at, v: Values<'left' | 'top' | 'right' | 'bottom'>) {
      if ((v.left & 0xffff) !== v.left || (v.top & 0xffff) !== v.top || (v.right & 0xffff) !== v.right || (v.bottom & 0xffff) !== v.bottom) return false;
      putU16(bytes, at, v.left);
      putU16(bytes, at + 2, v.top);
      putU16(bytes, at + 4, v.right);
      putU16(bytes, at + 6, v.bottom);
      return true;
    },
  },
  'lengthSourceDescriptor:u16': {
    decode: (bytes, at) => ({
      lengthSourceDescriptor: u16At(bytes, at),
    }),
    encode(bytes, at, v: Values<'lengthSourceDescriptor'>) {
      if ((v.lengthSourceDescriptor & 0xffff) !== v.lengthSourceDescriptor) return false;
      putU16(bytes, at, v.lengthSourceDescriptor);
      return true;
    },
  },
  'lengthSourceDescriptor:u16 lengthCombinedCapabilities:u16': {
    decode: (bytes, at) => ({
      lengthSourceDescriptor: u16At(bytes, at),
      lengthCombinedCapabilities: u16At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'lengthSourceDescriptor' | 'lengthCombinedCapabilities'>) {
      if ((v.lengthSourceDescriptor & 0xffff) !== v.lengthSourceDescriptor || (v.lengthCombinedCapabilities & 0xffff) !== v.lengthCombinedCapabilities) return false;
      putU16(bytes, at, v.lengthSourceDescriptor);
      putU16(bytes, at + 2, v.lengthCombinedCapabilities);
      return true;
    },
  },
  'messageType:u16 targetUser:u16': {
    decode: (bytes, at) => ({
      messageType: u16At(bytes, at),
      targetUser: u16At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'messageType' | 'targetUser'>) {
      if ((v.messageType & 0xffff) !== v.messageType || (v.targetUser & 0xffff) !== v.targetUser) return false;
      putU16(bytes, at, v.messageType);
      putU16(bytes, at + 2, v.targetUser);
      return true;
    },
  },
  'nodeId:u16 pad2octets:u16': {
    decode: (bytes, at) => ({
      nodeId: u16At(bytes, at),
      pad2octets: u16At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'nodeId' | 'pad2octets'>) {
      if ((v.nodeId & 0xffff) !== v.nodeId || (v.pad2octets & 0xffff) !== v.pad2octets) return false;
      putU16(bytes, at, v.nodeId);
      putU16(bytes, at + 2, v.pad2octets);
      return true;
    },
  },
  'numberCapabilities:u16 pad2Octets:u16': {
    decode: (bytes, at) => ({
      numberCapabilities: u16At(bytes, at),
      pad2Octets: u16At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'numberCapabilities' | 'pad2Octets'>) {
      if ((v.numberCapabilities & 0xffff) !== v.numberCapabilities || (v.pad2Octets & 0xffff) !== v.pad2Octets) return false;
      putU16(bytes, at, v.numberCapabilities);
      putU16(bytes, at + 2, v.pad2Octets);
      return true;
    },
  },
  'numberEntries:u16 totalNumEntries:u16 mapFlags:u16 entrySize:u16': {
    decode: (bytes, at) => ({
      numberEntries: u16At(bytes, at),
      totalNumEntries: u16At(bytes, at + 2),
      mapFlags: u16At(bytes, at + 4),
      entrySize: u16At(bytes, at + 6),
    }),
    encode(bytes, at, v: Values<'numberEntries' | 'totalNumEntries' | 'mapFlags' | 'entrySize'>) {
      if ((v.numberEntries & 0xffff) !== v.numberEntries || (v.totalNumEntries & 0xffff) !== v.totalNumEntries || (v.mapFlags & 0xffff) !== v.mapFlags || (v.entrySize & 0xffff) !== v.entrySize) return false;
      putU16(bytes, at, v.numberEntries);
      putU16(bytes, at + 2, v.totalNumEntries);
      putU16(bytes, at + 4, v.mapFlags);
      putU16(bytes, at + 6, v.entrySize);
      return true;
    },
  },
  'numberFonts:u16 totalNumFonts:u16 listFlags:u16 entrySize:u16': {
    decode: (bytes, at) => ({
      numberFonts: u16At(bytes, at),
      totalNumFonts: u16At(bytes, at + 2),
      listFlags: u16At(bytes, at + 4),
      entrySize: u16At(bytes, at + 6),
    }),
    encode(bytes, at, v: Values<'numberFonts' | 'totalNumFonts' | 'listFlags' | 'entrySize'>) {
      if ((v.numberFonts & 0xffff) !== v.numberFonts || (v.totalNumFonts & 0xffff) !== v.totalNumFonts || (v.listFlags & 0xffff) !== v.listFlags || (v.entrySize & 0xffff) !== v.entrySize) return false;
      putU16(bytes, at, v.numberFonts);
      putU16(bytes, at + 2, v.totalNumFonts);
      putU16(bytes, at + 4, v.listFlags);
      putU16(bytes, at + 6, v.entrySize);
      return true;
    },
  },
  'originatorId:u16': {
    decode: (bytes, at) => ({
      originatorId: u16At(bytes, at),
    }),
    encode(bytes, at, v: Values<'originatorId'>) {
      if ((v.originatorId & 0xffff) !== v.originatorId) return false;
      putU16(bytes, at, v.originatorId);
      return true;
    },
  },
  'osMajorType:u16 osMinorType:u16 protocolVersion:u16 pad2octetsA:u16 generalCompressionTypes:u16 extraFlags:u16 updateCapabilityFlag:u16 remoteUnshareFlag:u16 generalCompressionLevel:u16 refreshRectSupport:u8 suppressOutputSupport:u8': {
    decode: (bytes, at) => ({
      osMajorType: u16At(bytes, at),
      osMinorType: u16At(bytes, at + 2),
      protocolVersion: u16At(bytes, at + 4),
      pad2octetsA: u16At(bytes, at + 6),
      generalCompressionTypes: u16At(bytes, at + 8),
      extraFlags: u16At(bytes, at + 10),
      updateCapabilityFlag: u16At(bytes, at + 12),
      remoteUnshareFlag: u16At(bytes, at + 14),
      generalCompressionLevel: u16At(bytes, at + 16),
      refreshRectSupport: u8At(bytes, at + 18),
      suppressOutputSupport: u8At(bytes, at + 19),
    }),
    encode(bytes, at, v: Values<'osMajorType' | 'osMinorType' | 'protocolVersion' | 'pad2octetsA' | 'generalCompressionTypes' | 'extraFlags' | 'updateCapabilityFlag' | 'remoteUnshareFlag' | 'generalCompressionLevel' | 'refreshRectSupport' | 'suppressOutputSupport'>) {
      if ((v.osMajorType & 0xffff) !== v.osMajorType || (v.osMinorType & 0xffff) !== v.osMinorType || (v.protocolVersion & 0xffff) !== v.protocolVersion || (v.pad2octetsA & 0xffff) !== v.pad2octetsA || (v.generalCompressionTypes & 0xffff) !== v.generalCompressionTypes || (v.extraFlags & 0xffff) !== v.extraFlags || (v.updateCapabilityFlag & 0xffff) !== v.updateCapabilityFlag || (v.remoteUnshareFlag & 0xffff) !== v.remoteUnshareFlag || (v.generalCompressionLevel & 0xffff) !== v.generalCompressionLevel || (v.refreshRectSupport & 0xff) !== v.refreshRectSupport || (v.suppressOutputSupport & 0xff) !== v.suppressOutputSupport) return false;
      putU16(bytes, at, v.osMajorType);
      putU16(bytes, at + 2, v.osMinorType);
      putU16(bytes, at + 4, v.protocolVersion);
      putU16(bytes, at + 6, v.pad2octetsA);
      putU16(bytes, at + 8, v.generalCompressionTypes);
      putU16(bytes, at + 10, v.extraFlags);
      putU16(bytes, at + 12, v.updateCapabilityFlag);
      putU16(bytes, at + 14, v.remoteUnshareFlag);
      putU16(bytes, at + 16, v.generalCompressionLevel);
      putU8(bytes, at + 18, v.refreshRectSupport);
      putU8(bytes, at + 19, v.suppressOutputSupport);
      return true;
    },
  },
  'pad1:u8 streamId:u8 uncompressedLength:u16 pduType2:u8 compressedType:u8 compressedLength:u16': {
    decode: (bytes, at) => ({
      pad1: u8At(bytes, at),
      streamId: u8At(bytes, at + 1),
      uncompressedLength: u16At(bytes, at + 2),
      pduType2: u8At(bytes, at + 4),
      compressedType: u8At(bytes, at + 5),
      compressedLength: u16At(bytes, at + 6),
    }),
    encode(bytes, at, v: Values<'pad1' | 'streamId' | 'uncompressedLength' | 'pduType2' | 'compressedType' | 'compressedLength'>) {
      if ((v.pad1 & 0xff) !== v.pad1 || (v.streamId & 0xff) !== v.streamId || (v.uncompressedLength & 0xffff) !== v.uncompressedLength || (v.pduType2 & 0xff) !== v.pduType2 || (v.compressedType & 0xff) !== v.compressedType || (v.compressedLength & 0xffff) !== v.compressedLength) return false;
      putU8(bytes, at, v.pad1);
      putU8(bytes, at + 1, v.streamId);
      putU16(bytes, at + 2, v.uncompressedLength);
      putU8(bytes, at + 4, v.pduType2);
      putU8(bytes, at + 5, v.compressedType);
      putU16(bytes, at + 6, v.compressedLength);
      return true;
    },
  },
  'pad4octetsA:u32 desktopSaveXGranularity:u16 desktopSaveYGranularity:u16 pad2octetsA:u16 maximumOrderLevel:u16 numberFonts:u16 orderFlags:u16': {
    decode: (bytes, at) => ({
      pad4octetsA: u32At(bytes, at),
      desktopSaveXGranularity: u16At(bytes, at + 4),
      desktopSaveYGranularity: u16At(bytes, at + 6),
      pad2octetsA: u16At(bytes, at + 8),
      maximumOrderLevel: u16At(bytes, at + 10),
      numberFonts: u16At(bytes, at + 12),
      orderFlags: u16At(bytes, at + 14),
    }),
    encode(bytes, at, v: Values<'pad4octetsA' | 'desktopSaveXGranularity' | 'desktopSaveYGranularity' | 'pad2octetsA' | 'maximumOrderLevel' | 'numberFonts' | 'orderFlags'>) {
      if (v.pad4octetsA >>> 0 !== v.pad4octetsA || (v.desktopSaveXGranularity & 0xffff) !== v.desktopSaveXGranularity || (v.desktopSaveYGranularity & 0xffff) !== v.desktopSaveYGranularity || (v.pad2octetsA & 0xffff) !== v.pad2octetsA || (v.maximumOrderLevel & 0xffff) !== v.maximumOrderLevel || (v.numberFonts & 0xffff) !== v.numberFonts || (v.orderFlags & 0xffff) !== v.orderFlags) return false;
      putU32(bytes, at, v.pad4octetsA);
      putU16(bytes, at + 4, v.desktopSaveXGranularity);
      putU16(bytes, at + 6, v.desktopSaveYGranularity);
      putU16(bytes, at + 8, v.pad2octetsA);
      putU16(bytes, at + 10, v.maximumOrderLevel);
      putU16(bytes, at + 12, v.numberFonts);
      putU16(bytes, at + 14, v.orderFlags);
      return true;
    },
  },
  'pointerCacheSize:u16': {
    decode: (bytes, at) => ({
      pointerCacheSize: u16At(bytes, at),
    }),
    encode(bytes, at, v: Values<'pointerCacheSize'>) {
      if ((v.pointerCacheSize & 0xffff) !== v.pointerCacheSize) return false;
      putU16(bytes, at, v.pointerCacheSize);
      return true;
    },
  },
  'preferredBitsPerPixel:u16 receive1BitPerPixel:u16 receive4BitsPerPixel:u16 receive8BitsPerPixel:u16 desktopWidth:u16 desktopHeight:u16 pad2octets:u16 desktopResizeFlag:u16 bitmapCompressionFlag:u16 highColorFlags:u8 drawingFlags:u8 multipleRectangleSupport:u16 pad2octetsB:u16': {
    decode: (bytes, at) => ({
      preferredBitsPerPixel: u16At(bytes, at),
      receive1BitPerPixel: u16At(bytes, at + 2),
      receive4BitsPerPixel: u16At(bytes, at + 4),
      receive8BitsPerPixel: u16At(bytes, at + 6),
      desktopWidth: u16At(bytes, at + 8),
      desktopHeight: u16At(bytes, at + 10),
      pad2octets: u16At(bytes, at + 12),
      desktopResizeFlag: u16At(bytes, at + 14),
      bitmapCompressionFlag: u16At(bytes, at + 16),
      highColorFlags: u8At(bytes, at + 18),
      drawingFlags: u8At(bytes, at + 19),
      multipleRectangleSupport: u16At(bytes, at + 20),
      pad2octetsB: u16At(bytes, at + 22),
    }),
    encode(bytes, at, v: Values<'preferredBitsPerPixel' | 'receive1BitPerPixel' | 'receive4BitsPerPixel' | 'receive8BitsPerPixel' | 'desktopWidth' | 'desktopHeight' | 'pad2octets' | 'desktopResizeFlag' | 'bitmapCompressionFlag' | 'highColorFlags' | 'drawingFlags' | 'multipleRectangleSupport' | 'pad2octetsB'>) {
      if ((v.preferredBitsPerPixel & 0xffff) !== v.preferredBitsPerPixel || (v.receive1BitPerPixel & 0xffff) !== v.receive1BitPerPixel || (v.receive4BitsPerPixel & 0xffff) !== v.receive4BitsPerPixel || (v.receive8BitsPerPixel & 0xffff) !== v.receive8BitsPerPixel || (v.desktopWidth & 0xffff) !== v.desktopWidth || (v.desktopHeight & 0xffff) !== v.desktopHeight || (v.pad2octets & 0xffff) !== v.pad2octets || (v.desktopResizeFlag & 0xffff) !== v.desktopResizeFlag || (v.bitmapCompressionFlag & 0xffff) !== v.bitmapCompressionFlag || (v.highColorFlags & 0xff) !== v.highColorFlags || (v.drawingFlags & 0xff) !== v.drawingFlags || (v.multipleRectangleSupport & 0xffff) !== v.multipleRectangleSupport || (v.pad2octetsB & 0xffff) !== v.pad2octetsB) return false;
      putU16(bytes, at, v.preferredBitsPerPixel);
      putU16(bytes, at + 2, v.receive1BitPerPixel);
      putU16(bytes, at + 4, v.receive4BitsPerPixel);
      putU16(bytes, at + 6, v.receive8BitsPerPixel);
      putU16(bytes, at + 8, v.desktopWidth);
      putU16(bytes, at + 10, v.desktopHeight);
      putU16(bytes, at + 12, v.pad2octets);
      putU16(bytes, at + 14, v.desktopResizeFlag);
      putU16(bytes, at + 16, v.bitmapCompressionFlag);
      putU8(bytes, at + 18, v.highColorFlags);
      putU8(bytes, at + 19, v.drawingFlags);
      putU16(bytes, at + 20, v.multipleRectangleSupport);
      putU16(bytes, at + 22, v.pad2octetsB);
      return true;
    },
  },
  'sessionId:u32': {
    decode: (bytes, at) => ({
      sessionId: u32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'sessionId'>) {
      if (v.sessionId >>> 0 !== v.sessionId) return false;
      putU32(bytes, at, v.sessionId);
      return true;
    },
  },
  'shareId:u32': {
    decode: (bytes, at) => ({
      shareId: u32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'shareId'>) {
      if (v.shareId >>> 0 !== v.shareId) return false;
      putU32(bytes, at, v.shareId);
      return true;
    },
  },
  'textFlags:u16 orderSupportExFlags:u16 pad4octetsB:u32 desktopSaveSize:u32 pad2octetsC:u16 pad2octetsD:u16 textANSICodePage:u16 pad2octetsE:u16': {
    decode: (bytes, at) => ({
      textFlags: u16At(bytes, at),
      orderSupportExFlags: u16At(bytes, at + 2),
      pad4octetsB: u32At(bytes, at + 4),
      desktopSaveSize: u32At(bytes, at + 8),
      pad2octetsC: u16At(bytes, at + 12),
      pad2octetsD: u16At(bytes, at + 14),
      textANSICodePage: u16At(bytes, at + 16),
      pad2octetsE: u16At(bytes, at + 18),
    }),
    encode(bytes, at, v: Values<'textFlags' | 'orderSupportExFlags' | 'pad4octetsB' | 'desktopSaveSize' | 'pad2octetsC' | 'pad2octetsD' | 'textANSICodePage' | 'pad2octetsE'>) {
      if ((v.textFlags & 0xffff) !== v.textFlags || (v.orderSupportExFlags & 0xffff) !== v.orderSupportExFlags || v.pad4octetsB >>> 0 !== v.pad4octetsB || v.desktopSaveSize >>> 0 !== v.desktopSaveSize || (v.pad2octetsC & 0xffff) !== v.pad2octetsC || (v.pad2octetsD & 0xffff) !== v.pad2octetsD || (v.textANSICodePage & 0xffff) !== v.textANSICodePage || (v.pad2octetsE & 0xffff) !== v.pad2octetsE) return false;
      putU16(bytes, at, v.textFlags);
      putU16(bytes, at + 2, v.orderSupportExFlags);
      putU32(bytes, at + 4, v.pad4octetsB);
      putU32(bytes, at + 8, v.desktopSaveSize);
      putU16(bytes, at + 12, v.pad2octetsC);
      putU16(bytes, at + 14, v.pad2octetsD);
      putU16(bytes, at + 16, v.textANSICodePage);
      putU16(bytes, at + 18, v.pad2octetsE);
      return true;
    },
  },
  'totalLength:u16 pduType:u16 pduSource:u16': {
    decode: (bytes, at) => ({
      totalLength: u16At(bytes, at),
      pduType: u16At(bytes, at + 2),
      pduSource: u16At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'totalLength' | 'pduType' | 'pduSource'>) {
      if ((v.totalLength & 0xffff) !== v.totalLength || (v.pduType & 0xffff) !== v.pduType || (v.pduSource & 0xffff) !== v.pduSource) return false;
      putU16(bytes, at, v.totalLength);
      putU16(bytes, at + 2, v.pduType);
      putU16(bytes, at + 4, v.pduSource);
      return true;
    },
  },
  'type:u16 length:u16': {
    decode: (bytes, at) => ({
      type: u16At(bytes, at),
      length: u16At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'type' | 'length'>) {
      if ((v.type & 0xffff) !== v.type || (v.length & 0xffff) !== v.length) return false;
      putU16(bytes, at, v.type);
      putU16(bytes, at + 2, v.length);
      return true;
    },
  },
  'type:u8 flags:u8 length:u16': {
    decode: (bytes, at) => ({
      type: u8At(bytes, at),
      flags: u8At(bytes, at + 1),
      length: u16At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'type' | 'flags' | 'length'>) {
      if ((v.type & 0xff) !== v.type || (v.flags & 0xff) !== v.flags || (v.length & 0xffff) !== v.length) return false;
      putU8(bytes, at, v.type);
      putU8(bytes, at + 1, v.flags);
      putU16(bytes, at + 2, v.length);
      return true;
    },
  },
  'type:u8 flags:u8 length:u16 value:u32': {
    decode: (bytes, at) => ({
      type: u8At(bytes, at),
      flags: u8At(bytes, at + 1),
      length: u16At(bytes, at + 2),
      value: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'type' | 'flags' | 'length' | 'value'>) {
      if ((v.type & 0xff) !== v.type || (v.flags & 0xff) !== v.flags || (v.length & 0xffff) !== v.length || v.value >>> 0 !== v.value) return false;
      putU8(bytes, at, v.type);
      putU8(bytes, at + 1, v.flags);
      putU16(bytes, at + 2, v.length);
      putU32(bytes, at + 4, v.value);
      return true;
    },
  },
  'updateType:u16 numberRectangles:u16': {
    decode: (bytes, at) => ({
      updateType: u16At(bytes, at),
      numberRectangles: u16At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'updateType' | 'numberRectangles'>) {
      if ((v.updateType & 0xffff) !== v.updateType || (v.numberRectangles & 0xffff) !== v.numberRectangles) return false;
      putU16(bytes, at, v.updateType);
      putU16(bytes, at + 2, v.numberRectangles);
      return true;
    },
  },
  'version:u32': {
    decode: (bytes, at) => ({
      version: u32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'version'>) {
      if (v.version >>> 0 !== v.version) return false;
      putU32(bytes, at, v.version);
      return true;
    },
  },
  'version:u32 desktopWidth:u16 desktopHeight:u16 colorDepth:u16 SASSequence:u16 keyboardLayout:u32 clientBuild:u32': {
    decode: (bytes, at) => ({
      version: u32At(bytes, at),
      desktopWidth: u16At(bytes, at + 4),
      desktopHeight: u16At(bytes, at + 6),
      colorDepth: u16At(bytes, at + 8),
      SASSequence: u16At(bytes, at + 10),
      keyboardLayout: u32At(bytes, at + 12),
      clientBuild: u32At(bytes, at + 16),
    }),
    encode(bytes, at, v: Values<'version' | 'desktopWidth' | 'desktopHeight' | 'colorDepth' | 'SASSequence' | 'keyboardLayout' | 'clientBuild'>) {
      if (v.version >>> 0 !== v.version || (v.desktopWidth & 0xffff) !== v.desktopWidth || (v.desktopHeight & 0xffff) !== v.desktopHeight || (v.colorDepth & 0xffff) !== v.colorDepth || (v.SASSequence & 0xffff) !== v.SASSequence || v.keyboardLayout >>> 0 !== v.keyboardLayout || v.clientBuild >>> 0 !== v.clientBuild) return false;
      putU32(bytes, at, v.version);
      putU16(bytes, at + 4, v.desktopWidth);
      putU16(bytes, at + 6, v.desktopHeight);
      putU16(bytes, at + 8, v.colorDepth);
      putU16(bytes, at + 10, v.SASSequence);
      putU32(bytes, at + 12, v.keyboardLayout);
      putU32(bytes, at + 16, v.clientBuild);
      return true;
    },
  },
  'version:u8 reserved:u8 length:u16be': {
    decode: (bytes, at) => ({
      version: u8At(bytes, at),
      reserved: u8At(bytes, at + 1),
      length: u16beAt(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'version' | 'reserved' | 'length'>) {
      if ((v.version & 0xff) !== v.version || (v.reserved & 0xff) !== v.reserved || (v.length & 0xffff) !== v.length) return false;
      putU8(bytes, at, v.version);
      putU8(bytes, at + 1, v.reserved);
      putU16be(bytes, at + 2, v.length);
      return true;
    },
  },
  'wBlobType:u16 wBlobLen:u16': {
    decode: (bytes, at) => ({
      wBlobType: u16At(bytes, at),
      wBlobLen: u16At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'wBlobType' | 'wBlobLen'>) {
      if ((v.wBlobType & 0xffff) !== v.wBlobType || (v.wBlobLen & 0xffff) !== v.wBlobLen) return false;
      putU16(bytes, at, v.wBlobType);
      putU16(bytes, at + 2, v.wBlobLen);
      return true;
    },
  },
});
