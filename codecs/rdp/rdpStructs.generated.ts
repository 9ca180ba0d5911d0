// Generated from the field tables of this folder by `npm run docs`, with binary-parser: do not edit.
import { structsOf, type Values } from '../core/struct.ts';

export const struct = structsOf({
  'CodePage:u32 flags:u32 cbDomain:u16 cbUserName:u16 cbPassword:u16 cbAlternateShell:u16 cbWorkingDir:u16': {
    decode: (dataView, offset) => ({
      CodePage: dataView.getUint32(offset, true),
      flags: dataView.getUint32(offset + 4, true),
      cbDomain: dataView.getUint16(offset + 8, true),
      cbUserName: dataView.getUint16(offset + 10, true),
      cbPassword: dataView.getUint16(offset + 12, true),
      cbAlternateShell: dataView.getUint16(offset + 14, true),
      cbWorkingDir: dataView.getUint16(offset + 16, true),
    }),
    encode(out, v: Values<'CodePage' | 'flags' | 'cbDomain' | 'cbUserName' | 'cbPassword' | 'cbAlternateShell' | 'cbWorkingDir'>) {
      if (v.CodePage >>> 0 !== v.CodePage || v.flags >>> 0 !== v.flags || (v.cbDomain & 0xffff) !== v.cbDomain || (v.cbUserName & 0xffff) !== v.cbUserName || (v.cbPassword & 0xffff) !== v.cbPassword || (v.cbAlternateShell & 0xffff) !== v.cbAlternateShell || (v.cbWorkingDir & 0xffff) !== v.cbWorkingDir) return false;
      out.writeUInt32LE(v.CodePage);
      out.writeUInt32LE(v.flags);
      out.writeUInt16LE(v.cbDomain);
      out.writeUInt16LE(v.cbUserName);
      out.writeUInt16LE(v.cbPassword);
      out.writeUInt16LE(v.cbAlternateShell);
      out.writeUInt16LE(v.cbWorkingDir);
      return true;
    },
  },
  'Flags:u32 RedirectedSessionID:u32': {
    decode: (dataView, offset) => ({
      Flags: dataView.getUint32(offset, true),
      RedirectedSessionID: dataView.getUint32(offset + 4, true),
    }),
    encode(out, v: Values<'Flags' | 'RedirectedSessionID'>) {
      if (v.Flags >>> 0 !== v.Flags || v.RedirectedSessionID >>> 0 !== v.RedirectedSessionID) return false;
      out.writeUInt32LE(v.Flags);
      out.writeUInt32LE(v.RedirectedSessionID);
      return true;
    },
  },
  'LI:u8 code:u8 dstRef:u16be srcRef:u16be class:u8': {
    decode: (dataView, offset) => ({
      LI: dataView.getUint8(offset),
      code: dataView.getUint8(offset + 1),
      dstRef: dataView.getUint16(offset + 2, false),
      srcRef: dataView.getUint16(offset + 4, false),
      class: dataView.getUint8(offset + 6),
    }),
    encode(out, v: Values<'LI' | 'code' | 'dstRef' | 'srcRef' | 'class'>) {
      if ((v.LI & 0xff) !== v.LI || (v.code & 0xff) !== v.code || (v.dstRef & 0xffff) !== v.dstRef || (v.srcRef & 0xffff) !== v.srcRef || (v.class & 0xff) !== v.class) return false;
      out.writeUInt8(v.LI);
      out.writeUInt8(v.code);
      out.writeUInt16BE(v.dstRef);
      out.writeUInt16BE(v.srcRef);
      out.writeUInt8(v.class);
      return true;
    },
  },
  'MCSChannelId:u16 channelCount:u16': {
    decode: (dataView, offset) => ({
      MCSChannelId: dataView.getUint16(offset, true),
      channelCount: dataView.getUint16(offset + 2, true),
    }),
    encode(out, v: Values<'MCSChannelId' | 'channelCount'>) {
      if ((v.MCSChannelId & 0xffff) !== v.MCSChannelId || (v.channelCount & 0xffff) !== v.channelCount) return false;
      out.writeUInt16LE(v.MCSChannelId);
      out.writeUInt16LE(v.channelCount);
      return true;
    },
  },
  'action:u16 grantId:u16 controlId:u32': {
    decode: (dataView, offset) => ({
      action: dataView.getUint16(offset, true),
      grantId: dataView.getUint16(offset + 2, true),
      controlId: dataView.getUint32(offset + 4, true),
    }),
    encode(out, v: Values<'action' | 'grantId' | 'controlId'>) {
      if ((v.action & 0xffff) !== v.action || (v.grantId & 0xffff) !== v.grantId || v.controlId >>> 0 !== v.controlId) return false;
      out.writeUInt16LE(v.action);
      out.writeUInt16LE(v.grantId);
      out.writeUInt32LE(v.controlId);
      return true;
    },
  },
  'bMsgType:u8 flags:u8 wMsgSize:u16': {
    decode: (dataView, offset) => ({
      bMsgType: dataView.getUint8(offset),
      flags: dataView.getUint8(offset + 1),
      wMsgSize: dataView.getUint16(offset + 2, true),
    }),
    encode(out, v: Values<'bMsgType' | 'flags' | 'wMsgSize'>) {
      if ((v.bMsgType & 0xff) !== v.bMsgType || (v.flags & 0xff) !== v.flags || (v.wMsgSize & 0xffff) !== v.wMsgSize) return false;
      out.writeUInt8(v.bMsgType);
      out.writeUInt8(v.flags);
      out.writeUInt16LE(v.wMsgSize);
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
  'channelCount:u32': {
    decode: (dataView, offset) => ({
      channelCount: dataView.getUint32(offset, true),
    }),
    encode(out, v: Values<'channelCount'>) {
      if (v.channelCount >>> 0 !== v.channelCount) return false;
      out.writeUInt32LE(v.channelCount);
      return true;
    },
  },
  'colorPointerFlag:u16 colorPointerCacheSize:u16': {
    decode: (dataView, offset) => ({
      colorPointerFlag: dataView.getUint16(offset, true),
      colorPointerCacheSize: dataView.getUint16(offset + 2, true),
    }),
    encode(out, v: Values<'colorPointerFlag' | 'colorPointerCacheSize'>) {
      if ((v.colorPointerFlag & 0xffff) !== v.colorPointerFlag || (v.colorPointerCacheSize & 0xffff) !== v.colorPointerCacheSize) return false;
      out.writeUInt16LE(v.colorPointerFlag);
      out.writeUInt16LE(v.colorPointerCacheSize);
      return true;
    },
  },
  'destLeft:u16 destTop:u16 destRight:u16 destBottom:u16 width:u16 height:u16 bitsPerPixel:u16 flags:u16 bitmapLength:u16': {
    decode: (dataView, offset) => ({
      destLeft: dataView.getUint16(offset, true),
      destTop: dataView.getUint16(offset + 2, true),
      destRight: dataView.getUint16(offset + 4, true),
      destBottom: dataView.getUint16(offset + 6, true),
      width: dataView.getUint16(offset + 8, true),
      height: dataView.getUint16(offset + 10, true),
      bitsPerPixel: dataView.getUint16(offset + 12, true),
      flags: dataView.getUint16(offset + 14, true),
      bitmapLength: dataView.getUint16(offset + 16, true),
    }),
    encode(out, v: Values<'destLeft' | 'destTop' | 'destRight' | 'destBottom' | 'width' | 'height' | 'bitsPerPixel' | 'flags' | 'bitmapLength'>) {
      if ((v.destLeft & 0xffff) !== v.destLeft || (v.destTop & 0xffff) !== v.destTop || (v.destRight & 0xffff) !== v.destRight || (v.destBottom & 0xffff) !== v.destBottom || (v.width & 0xffff) !== v.width || (v.height & 0xffff) !== v.height || (v.bitsPerPixel & 0xffff) !== v.bitsPerPixel || (v.flags & 0xffff) !== v.flags || (v.bitmapLength & 0xffff) !== v.bitmapLength) return false;
      out.writeUInt16LE(v.destLeft);
      out.writeUInt16LE(v.destTop);
      out.writeUInt16LE(v.destRight);
      out.writeUInt16LE(v.destBottom);
      out.writeUInt16LE(v.width);
      out.writeUInt16LE(v.height);
      out.writeUInt16LE(v.bitsPerPixel);
      out.writeUInt16LE(v.flags);
      out.writeUInt16LE(v.bitmapLength);
      return true;
    },
  },
  'dwErrorCode:u32 dwStateTransition:u32': {
    decode: (dataView, offset) => ({
      dwErrorCode: dataView.getUint32(offset, true),
      dwStateTransition: dataView.getUint32(offset + 4, true),
    }),
    encode(out, v: Values<'dwErrorCode' | 'dwStateTransition'>) {
      if (v.dwErrorCode >>> 0 !== v.dwErrorCode || v.dwStateTransition >>> 0 !== v.dwStateTransition) return false;
      out.writeUInt32LE(v.dwErrorCode);
      out.writeUInt32LE(v.dwStateTransition);
      return true;
    },
  },
  'encryptionMethod:u32 encryptionLevel:u32': {
    decode: (dataView, offset) => ({
      encryptionMethod: dataView.getUint32(offset, true),
      encryptionLevel: dataView.getUint32(offset + 4, true),
    }),
    encode(out, v: Values<'encryptionMethod' | 'encryptionLevel'>) {
      if (v.encryptionMethod >>> 0 !== v.encryptionMethod || v.encryptionLevel >>> 0 !== v.encryptionLevel) return false;
      out.writeUInt32LE(v.encryptionMethod);
      out.writeUInt32LE(v.encryptionLevel);
      return true;
    },
  },
  'encryptionMethods:u32 extEncryptionMethods:u32': {
    decode: (dataView, offset) => ({
      encryptionMethods: dataView.getUint32(offset, true),
      extEncryptionMethods: dataView.getUint32(offset + 4, true),
    }),
    encode(out, v: Values<'encryptionMethods' | 'extEncryptionMethods'>) {
      if (v.encryptionMethods >>> 0 !== v.encryptionMethods || v.extEncryptionMethods >>> 0 !== v.extEncryptionMethods) return false;
      out.writeUInt32LE(v.encryptionMethods);
      out.writeUInt32LE(v.extEncryptionMethods);
      return true;
    },
  },
  'errorInfo:u32': {
    decode: (dataView, offset) => ({
      errorInfo: dataView.getUint32(offset, true),
    }),
    encode(out, v: Values<'errorInfo'>) {
      if (v.errorInfo >>> 0 !== v.errorInfo) return false;
      out.writeUInt32LE(v.errorInfo);
      return true;
    },
  },
  'flags:u16 flagsHi:u16': {
    decode: (dataView, offset) => ({
      flags: dataView.getUint16(offset, true),
      flagsHi: dataView.getUint16(offset + 2, true),
    }),
    encode(out, v: Values<'flags' | 'flagsHi'>) {
      if ((v.flags & 0xffff) !== v.flags || (v.flagsHi & 0xffff) !== v.flagsHi) return false;
      out.writeUInt16LE(v.flags);
      out.writeUInt16LE(v.flagsHi);
      return true;
    },
  },
  'fontSupportFlags:u16 pad2octets:u16': {
    decode: (dataView, offset) => ({
      fontSupportFlags: dataView.getUint16(offset, true),
      pad2octets: dataView.getUint16(offset + 2, true),
    }),
    encode(out, v: Values<'fontSupportFlags' | 'pad2octets'>) {
      if ((v.fontSupportFlags & 0xffff) !== v.fontSupportFlags || (v.pad2octets & 0xffff) !== v.pad2octets) return false;
      out.writeUInt16LE(v.fontSupportFlags);
      out.writeUInt16LE(v.pad2octets);
      return true;
    },
  },
  'inputFlags:u16 pad2octetsA:u16 keyboardLayout:u32 keyboardType:u32 keyboardSubType:u32 keyboardFunctionKey:u32': {
    decode: (dataView, offset) => ({
      inputFlags: dataView.getUint16(offset, true),
      pad2octetsA: dataView.getUint16(offset + 2, true),
      keyboardLayout: dataView.getUint32(offset + 4, true),
      keyboardType: dataView.getUint32(offset + 8, true),
      keyboardSubType: dataView.getUint32(offset + 12, true),
      keyboardFunctionKey: dataView.getUint32(offset + 16, true),
    }),
    encode(out, v: Values<'inputFlags' | 'pad2octetsA' | 'keyboardLayout' | 'keyboardType' | 'keyboardSubType' | 'keyboardFunctionKey'>) {
      if ((v.inputFlags & 0xffff) !== v.inputFlags || (v.pad2octetsA & 0xffff) !== v.pad2octetsA || v.keyboardLayout >>> 0 !== v.keyboardLayout || v.keyboardType >>> 0 !== v.keyboardType || v.keyboardSubType >>> 0 !== v.keyboardSubType || v.keyboardFunctionKey >>> 0 !== v.keyboardFunctionKey) return false;
      out.writeUInt16LE(v.inputFlags);
      out.writeUInt16LE(v.pad2octetsA);
      out.writeUInt32LE(v.keyboardLayout);
      out.writeUInt32LE(v.keyboardType);
      out.writeUInt32LE(v.keyboardSubType);
      out.writeUInt32LE(v.keyboardFunctionKey);
      return true;
    },
  },
  'keyboardType:u32 keyboardSubType:u32 keyboardFunctionKey:u32': {
    decode: (dataView, offset) => ({
      keyboardType: dataView.getUint32(offset, true),
      keyboardSubType: dataView.getUint32(offset + 4, true),
      keyboardFunctionKey: dataView.getUint32(offset + 8, true),
    }),
    encode(out, v: Values<'keyboardType' | 'keyboardSubType' | 'keyboardFunctionKey'>) {
      if (v.keyboardType >>> 0 !== v.keyboardType || v.keyboardSubType >>> 0 !== v.keyboardSubType || v.keyboardFunctionKey >>> 0 !== v.keyboardFunctionKey) return false;
      out.writeUInt32LE(v.keyboardType);
      out.writeUInt32LE(v.keyboardSubType);
      out.writeUInt32LE(v.keyboardFunctionKey);
      return true;
    },
  },
  'left:u16 top:u16 right:u16 bottom:u16': {
    decode: (dataView, offset) => ({
      left: dataView.getUint16(offset, true),
      top: dataView.getUint16(offset + 2, true),
      right: dataView.getUint16(offset + 4, true),
      bottom: dataView.getUint16(offset + 6, true),
    }),
    encode(out, v: Values<'left' | 'top' | 'right' | 'bottom'>) {
      if ((v.left & 0xffff) !== v.left || (v.top & 0xffff) !== v.top || (v.right & 0xffff) !== v.right || (v.bottom & 0xffff) !== v.bottom) return false;
      out.writeUInt16LE(v.left);
      out.writeUInt16LE(v.top);
      out.writeUInt16LE(v.right);
      out.writeUInt16LE(v.bottom);
      return true;
    },
  },
  'lengthSourceDescriptor:u16': {
    decode: (dataView, offset) => ({
      lengthSourceDescriptor: dataView.getUint16(offset, true),
    }),
    encode(out, v: Values<'lengthSourceDescriptor'>) {
      if ((v.lengthSourceDescriptor & 0xffff) !== v.lengthSourceDescriptor) return false;
      out.writeUInt16LE(v.lengthSourceDescriptor);
      return true;
    },
  },
  'lengthSourceDescriptor:u16 lengthCombinedCapabilities:u16': {
    decode: (dataView, offset) => ({
      lengthSourceDescriptor: dataView.getUint16(offset, true),
      lengthCombinedCapabilities: dataView.getUint16(offset + 2, true),
    }),
    encode(out, v: Values<'lengthSourceDescriptor' | 'lengthCombinedCapabilities'>) {
      if ((v.lengthSourceDescriptor & 0xffff) !== v.lengthSourceDescriptor || (v.lengthCombinedCapabilities & 0xffff) !== v.lengthCombinedCapabilities) return false;
      out.writeUInt16LE(v.lengthSourceDescriptor);
      out.writeUInt16LE(v.lengthCombinedCapabilities);
      return true;
    },
  },
  'messageType:u16 targetUser:u16': {
    decode: (dataView, offset) => ({
      messageType: dataView.getUint16(offset, true),
      targetUser: dataView.getUint16(offset + 2, true),
    }),
    encode(out, v: Values<'messageType' | 'targetUser'>) {
      if ((v.messageType & 0xffff) !== v.messageType || (v.targetUser & 0xffff) !== v.targetUser) return false;
      out.writeUInt16LE(v.messageType);
      out.writeUInt16LE(v.targetUser);
      return true;
    },
  },
  'nodeId:u16 pad2octets:u16': {
    decode: (dataView, offset) => ({
      nodeId: dataView.getUint16(offset, true),
      pad2octets: dataView.getUint16(offset + 2, true),
    }),
    encode(out, v: Values<'nodeId' | 'pad2octets'>) {
      if ((v.nodeId & 0xffff) !== v.nodeId || (v.pad2octets & 0xffff) !== v.pad2octets) return false;
      out.writeUInt16LE(v.nodeId);
      out.writeUInt16LE(v.pad2octets);
      return true;
    },
  },
  'numberCapabilities:u16 pad2Octets:u16': {
    decode: (dataView, offset) => ({
      numberCapabilities: dataView.getUint16(offset, true),
      pad2Octets: dataView.getUint16(offset + 2, true),
    }),
    encode(out, v: Values<'numberCapabilities' | 'pad2Octets'>) {
      if ((v.numberCapabilities & 0xffff) !== v.numberCapabilities || (v.pad2Octets & 0xffff) !== v.pad2Octets) return false;
      out.writeUInt16LE(v.numberCapabilities);
      out.writeUInt16LE(v.pad2Octets);
      return true;
    },
  },
  'numberEntries:u16 totalNumEntries:u16 mapFlags:u16 entrySize:u16': {
    decode: (dataView, offset) => ({
      numberEntries: dataView.getUint16(offset, true),
      totalNumEntries: dataView.getUint16(offset + 2, true),
      mapFlags: dataView.getUint16(offset + 4, true),
      entrySize: dataView.getUint16(offset + 6, true),
    }),
    encode(out, v: Values<'numberEntries' | 'totalNumEntries' | 'mapFlags' | 'entrySize'>) {
      if ((v.numberEntries & 0xffff) !== v.numberEntries || (v.totalNumEntries & 0xffff) !== v.totalNumEntries || (v.mapFlags & 0xffff) !== v.mapFlags || (v.entrySize & 0xffff) !== v.entrySize) return false;
      out.writeUInt16LE(v.numberEntries);
      out.writeUInt16LE(v.totalNumEntries);
      out.writeUInt16LE(v.mapFlags);
      out.writeUInt16LE(v.entrySize);
      return true;
    },
  },
  'numberFonts:u16 totalNumFonts:u16 listFlags:u16 entrySize:u16': {
    decode: (dataView, offset) => ({
      numberFonts: dataView.getUint16(offset, true),
      totalNumFonts: dataView.getUint16(offset + 2, true),
      listFlags: dataView.getUint16(offset + 4, true),
      entrySize: dataView.getUint16(offset + 6, true),
    }),
    encode(out, v: Values<'numberFonts' | 'totalNumFonts' | 'listFlags' | 'entrySize'>) {
      if ((v.numberFonts & 0xffff) !== v.numberFonts || (v.totalNumFonts & 0xffff) !== v.totalNumFonts || (v.listFlags & 0xffff) !== v.listFlags || (v.entrySize & 0xffff) !== v.entrySize) return false;
      out.writeUInt16LE(v.numberFonts);
      out.writeUInt16LE(v.totalNumFonts);
      out.writeUInt16LE(v.listFlags);
      out.writeUInt16LE(v.entrySize);
      return true;
    },
  },
  'originatorId:u16': {
    decode: (dataView, offset) => ({
      originatorId: dataView.getUint16(offset, true),
    }),
    encode(out, v: Values<'originatorId'>) {
      if ((v.originatorId & 0xffff) !== v.originatorId) return false;
      out.writeUInt16LE(v.originatorId);
      return true;
    },
  },
  'osMajorType:u16 osMinorType:u16 protocolVersion:u16 pad2octetsA:u16 generalCompressionTypes:u16 extraFlags:u16 updateCapabilityFlag:u16 remoteUnshareFlag:u16 generalCompressionLevel:u16 refreshRectSupport:u8 suppressOutputSupport:u8': {
    decode: (dataView, offset) => ({
      osMajorType: dataView.getUint16(offset, true),
      osMinorType: dataView.getUint16(offset + 2, true),
      protocolVersion: dataView.getUint16(offset + 4, true),
      pad2octetsA: dataView.getUint16(offset + 6, true),
      generalCompressionTypes: dataView.getUint16(offset + 8, true),
      extraFlags: dataView.getUint16(offset + 10, true),
      updateCapabilityFlag: dataView.getUint16(offset + 12, true),
      remoteUnshareFlag: dataView.getUint16(offset + 14, true),
      generalCompressionLevel: dataView.getUint16(offset + 16, true),
      refreshRectSupport: dataView.getUint8(offset + 18),
      suppressOutputSupport: dataView.getUint8(offset + 19),
    }),
    encode(out, v: Values<'osMajorType' | 'osMinorType' | 'protocolVersion' | 'pad2octetsA' | 'generalCompressionTypes' | 'extraFlags' | 'updateCapabilityFlag' | 'remoteUnshareFlag' | 'generalCompressionLevel' | 'refreshRectSupport' | 'suppressOutputSupport'>) {
      if ((v.osMajorType & 0xffff) !== v.osMajorType || (v.osMinorType & 0xffff) !== v.osMinorType || (v.protocolVersion & 0xffff) !== v.protocolVersion || (v.pad2octetsA & 0xffff) !== v.pad2octetsA || (v.generalCompressionTypes & 0xffff) !== v.generalCompressionTypes || (v.extraFlags & 0xffff) !== v.extraFlags || (v.updateCapabilityFlag & 0xffff) !== v.updateCapabilityFlag || (v.remoteUnshareFlag & 0xffff) !== v.remoteUnshareFlag || (v.generalCompressionLevel & 0xffff) !== v.generalCompressionLevel || (v.refreshRectSupport & 0xff) !== v.refreshRectSupport || (v.suppressOutputSupport & 0xff) !== v.suppressOutputSupport) return false;
      out.writeUInt16LE(v.osMajorType);
      out.writeUInt16LE(v.osMinorType);
      out.writeUInt16LE(v.protocolVersion);
      out.writeUInt16LE(v.pad2octetsA);
      out.writeUInt16LE(v.generalCompressionTypes);
      out.writeUInt16LE(v.extraFlags);
      out.writeUInt16LE(v.updateCapabilityFlag);
      out.writeUInt16LE(v.remoteUnshareFlag);
      out.writeUInt16LE(v.generalCompressionLevel);
      out.writeUInt8(v.refreshRectSupport);
      out.writeUInt8(v.suppressOutputSupport);
      return true;
    },
  },
  'pad1:u8 streamId:u8 uncompressedLength:u16 pduType2:u8 compressedType:u8 compressedLength:u16': {
    decode: (dataView, offset) => ({
      pad1: dataView.getUint8(offset),
      streamId: dataView.getUint8(offset + 1),
      uncompressedLength: dataView.getUint16(offset + 2, true),
      pduType2: dataView.getUint8(offset + 4),
      compressedType: dataView.getUint8(offset + 5),
      compressedLength: dataView.getUint16(offset + 6, true),
    }),
    encode(out, v: Values<'pad1' | 'streamId' | 'uncompressedLength' | 'pduType2' | 'compressedType' | 'compressedLength'>) {
      if ((v.pad1 & 0xff) !== v.pad1 || (v.streamId & 0xff) !== v.streamId || (v.uncompressedLength & 0xffff) !== v.uncompressedLength || (v.pduType2 & 0xff) !== v.pduType2 || (v.compressedType & 0xff) !== v.compressedType || (v.compressedLength & 0xffff) !== v.compressedLength) return false;
      out.writeUInt8(v.pad1);
      out.writeUInt8(v.streamId);
      out.writeUInt16LE(v.uncompressedLength);
      out.writeUInt8(v.pduType2);
      out.writeUInt8(v.compressedType);
      out.writeUInt16LE(v.compressedLength);
      return true;
    },
  },
  'pad4octetsA:u32 desktopSaveXGranularity:u16 desktopSaveYGranularity:u16 pad2octetsA:u16 maximumOrderLevel:u16 numberFonts:u16 orderFlags:u16': {
    decode: (dataView, offset) => ({
      pad4octetsA: dataView.getUint32(offset, true),
      desktopSaveXGranularity: dataView.getUint16(offset + 4, true),
      desktopSaveYGranularity: dataView.getUint16(offset + 6, true),
      pad2octetsA: dataView.getUint16(offset + 8, true),
      maximumOrderLevel: dataView.getUint16(offset + 10, true),
      numberFonts: dataView.getUint16(offset + 12, true),
      orderFlags: dataView.getUint16(offset + 14, true),
    }),
    encode(out, v: Values<'pad4octetsA' | 'desktopSaveXGranularity' | 'desktopSaveYGranularity' | 'pad2octetsA' | 'maximumOrderLevel' | 'numberFonts' | 'orderFlags'>) {
      if (v.pad4octetsA >>> 0 !== v.pad4octetsA || (v.desktopSaveXGranularity & 0xffff) !== v.desktopSaveXGranularity || (v.desktopSaveYGranularity & 0xffff) !== v.desktopSaveYGranularity || (v.pad2octetsA & 0xffff) !== v.pad2octetsA || (v.maximumOrderLevel & 0xffff) !== v.maximumOrderLevel || (v.numberFonts & 0xffff) !== v.numberFonts || (v.orderFlags & 0xffff) !== v.orderFlags) return false;
      out.writeUInt32LE(v.pad4octetsA);
      out.writeUInt16LE(v.desktopSaveXGranularity);
      out.writeUInt16LE(v.desktopSaveYGranularity);
      out.writeUInt16LE(v.pad2octetsA);
      out.writeUInt16LE(v.maximumOrderLevel);
      out.writeUInt16LE(v.numberFonts);
      out.writeUInt16LE(v.orderFlags);
      return true;
    },
  },
  'pointerCacheSize:u16': {
    decode: (dataView, offset) => ({
      pointerCacheSize: dataView.getUint16(offset, true),
    }),
    encode(out, v: Values<'pointerCacheSize'>) {
      if ((v.pointerCacheSize & 0xffff) !== v.pointerCacheSize) return false;
      out.writeUInt16LE(v.pointerCacheSize);
      return true;
    },
  },
  'preferredBitsPerPixel:u16 receive1BitPerPixel:u16 receive4BitsPerPixel:u16 receive8BitsPerPixel:u16 desktopWidth:u16 desktopHeight:u16 pad2octets:u16 desktopResizeFlag:u16 bitmapCompressionFlag:u16 highColorFlags:u8 drawingFlags:u8 multipleRectangleSupport:u16 pad2octetsB:u16': {
    decode: (dataView, offset) => ({
      preferredBitsPerPixel: dataView.getUint16(offset, true),
      receive1BitPerPixel: dataView.getUint16(offset + 2, true),
      receive4BitsPerPixel: dataView.getUint16(offset + 4, true),
      receive8BitsPerPixel: dataView.getUint16(offset + 6, true),
      desktopWidth: dataView.getUint16(offset + 8, true),
      desktopHeight: dataView.getUint16(offset + 10, true),
      pad2octets: dataView.getUint16(offset + 12, true),
      desktopResizeFlag: dataView.getUint16(offset + 14, true),
      bitmapCompressionFlag: dataView.getUint16(offset + 16, true),
      highColorFlags: dataView.getUint8(offset + 18),
      drawingFlags: dataView.getUint8(offset + 19),
      multipleRectangleSupport: dataView.getUint16(offset + 20, true),
      pad2octetsB: dataView.getUint16(offset + 22, true),
    }),
    encode(out, v: Values<'preferredBitsPerPixel' | 'receive1BitPerPixel' | 'receive4BitsPerPixel' | 'receive8BitsPerPixel' | 'desktopWidth' | 'desktopHeight' | 'pad2octets' | 'desktopResizeFlag' | 'bitmapCompressionFlag' | 'highColorFlags' | 'drawingFlags' | 'multipleRectangleSupport' | 'pad2octetsB'>) {
      if ((v.preferredBitsPerPixel & 0xffff) !== v.preferredBitsPerPixel || (v.receive1BitPerPixel & 0xffff) !== v.receive1BitPerPixel || (v.receive4BitsPerPixel & 0xffff) !== v.receive4BitsPerPixel || (v.receive8BitsPerPixel & 0xffff) !== v.receive8BitsPerPixel || (v.desktopWidth & 0xffff) !== v.desktopWidth || (v.desktopHeight & 0xffff) !== v.desktopHeight || (v.pad2octets & 0xffff) !== v.pad2octets || (v.desktopResizeFlag & 0xffff) !== v.desktopResizeFlag || (v.bitmapCompressionFlag & 0xffff) !== v.bitmapCompressionFlag || (v.highColorFlags & 0xff) !== v.highColorFlags || (v.drawingFlags & 0xff) !== v.drawingFlags || (v.multipleRectangleSupport & 0xffff) !== v.multipleRectangleSupport || (v.pad2octetsB & 0xffff) !== v.pad2octetsB) return false;
      out.writeUInt16LE(v.preferredBitsPerPixel);
      out.writeUInt16LE(v.receive1BitPerPixel);
      out.writeUInt16LE(v.receive4BitsPerPixel);
      out.writeUInt16LE(v.receive8BitsPerPixel);
      out.writeUInt16LE(v.desktopWidth);
      out.writeUInt16LE(v.desktopHeight);
      out.writeUInt16LE(v.pad2octets);
      out.writeUInt16LE(v.desktopResizeFlag);
      out.writeUInt16LE(v.bitmapCompressionFlag);
      out.writeUInt8(v.highColorFlags);
      out.writeUInt8(v.drawingFlags);
      out.writeUInt16LE(v.multipleRectangleSupport);
      out.writeUInt16LE(v.pad2octetsB);
      return true;
    },
  },
  'sessionId:u32': {
    decode: (dataView, offset) => ({
      sessionId: dataView.getUint32(offset, true),
    }),
    encode(out, v: Values<'sessionId'>) {
      if (v.sessionId >>> 0 !== v.sessionId) return false;
      out.writeUInt32LE(v.sessionId);
      return true;
    },
  },
  'shareId:u32': {
    decode: (dataView, offset) => ({
      shareId: dataView.getUint32(offset, true),
    }),
    encode(out, v: Values<'shareId'>) {
      if (v.shareId >>> 0 !== v.shareId) return false;
      out.writeUInt32LE(v.shareId);
      return true;
    },
  },
  'textFlags:u16 orderSupportExFlags:u16 pad4octetsB:u32 desktopSaveSize:u32 pad2octetsC:u16 pad2octetsD:u16 textANSICodePage:u16 pad2octetsE:u16': {
    decode: (dataView, offset) => ({
      textFlags: dataView.getUint16(offset, true),
      orderSupportExFlags: dataView.getUint16(offset + 2, true),
      pad4octetsB: dataView.getUint32(offset + 4, true),
      desktopSaveSize: dataView.getUint32(offset + 8, true),
      pad2octetsC: dataView.getUint16(offset + 12, true),
      pad2octetsD: dataView.getUint16(offset + 14, true),
      textANSICodePage: dataView.getUint16(offset + 16, true),
      pad2octetsE: dataView.getUint16(offset + 18, true),
    }),
    encode(out, v: Values<'textFlags' | 'orderSupportExFlags' | 'pad4octetsB' | 'desktopSaveSize' | 'pad2octetsC' | 'pad2octetsD' | 'textANSICodePage' | 'pad2octetsE'>) {
      if ((v.textFlags & 0xffff) !== v.textFlags || (v.orderSupportExFlags & 0xffff) !== v.orderSupportExFlags || v.pad4octetsB >>> 0 !== v.pad4octetsB || v.desktopSaveSize >>> 0 !== v.desktopSaveSize || (v.pad2octetsC & 0xffff) !== v.pad2octetsC || (v.pad2octetsD & 0xffff) !== v.pad2octetsD || (v.textANSICodePage & 0xffff) !== v.textANSICodePage || (v.pad2octetsE & 0xffff) !== v.pad2octetsE) return false;
      out.writeUInt16LE(v.textFlags);
      out.writeUInt16LE(v.orderSupportExFlags);
      out.writeUInt32LE(v.pad4octetsB);
      out.writeUInt32LE(v.desktopSaveSize);
      out.writeUInt16LE(v.pad2octetsC);
      out.writeUInt16LE(v.pad2octetsD);
      out.writeUInt16LE(v.textANSICodePage);
      out.writeUInt16LE(v.pad2octetsE);
      return true;
    },
  },
  'totalLength:u16 pduType:u16 pduSource:u16': {
    decode: (dataView, offset) => ({
      totalLength: dataView.getUint16(offset, true),
      pduType: dataView.getUint16(offset + 2, true),
      pduSource: dataView.getUint16(offset + 4, true),
    }),
    encode(out, v: Values<'totalLength' | 'pduType' | 'pduSource'>) {
      if ((v.totalLength & 0xffff) !== v.totalLength || (v.pduType & 0xffff) !== v.pduType || (v.pduSource & 0xffff) !== v.pduSource) return false;
      out.writeUInt16LE(v.totalLength);
      out.writeUInt16LE(v.pduType);
      out.writeUInt16LE(v.pduSource);
      return true;
    },
  },
  'type:u16 length:u16': {
    decode: (dataView, offset) => ({
      type: dataView.getUint16(offset, true),
      length: dataView.getUint16(offset + 2, true),
    }),
    encode(out, v: Values<'type' | 'length'>) {
      if ((v.type & 0xffff) !== v.type || (v.length & 0xffff) !== v.length) return false;
      out.writeUInt16LE(v.type);
      out.writeUInt16LE(v.length);
      return true;
    },
  },
  'type:u8 flags:u8 length:u16': {
    decode: (dataView, offset) => ({
      type: dataView.getUint8(offset),
      flags: dataView.getUint8(offset + 1),
      length: dataView.getUint16(offset + 2, true),
    }),
    encode(out, v: Values<'type' | 'flags' | 'length'>) {
      if ((v.type & 0xff) !== v.type || (v.flags & 0xff) !== v.flags || (v.length & 0xffff) !== v.length) return false;
      out.writeUInt8(v.type);
      out.writeUInt8(v.flags);
      out.writeUInt16LE(v.length);
      return true;
    },
  },
  'type:u8 flags:u8 length:u16 value:u32': {
    decode: (dataView, offset) => ({
      type: dataView.getUint8(offset),
      flags: dataView.getUint8(offset + 1),
      length: dataView.getUint16(offset + 2, true),
      value: dataView.getUint32(offset + 4, true),
    }),
    encode(out, v: Values<'type' | 'flags' | 'length' | 'value'>) {
      if ((v.type & 0xff) !== v.type || (v.flags & 0xff) !== v.flags || (v.length & 0xffff) !== v.length || v.value >>> 0 !== v.value) return false;
      out.writeUInt8(v.type);
      out.writeUInt8(v.flags);
      out.writeUInt16LE(v.length);
      out.writeUInt32LE(v.value);
      return true;
    },
  },
  'updateType:u16 numberRectangles:u16': {
    decode: (dataView, offset) => ({
      updateType: dataView.getUint16(offset, true),
      numberRectangles: dataView.getUint16(offset + 2, true),
    }),
    encode(out, v: Values<'updateType' | 'numberRectangles'>) {
      if ((v.updateType & 0xffff) !== v.updateType || (v.numberRectangles & 0xffff) !== v.numberRectangles) return false;
      out.writeUInt16LE(v.updateType);
      out.writeUInt16LE(v.numberRectangles);
      return true;
    },
  },
  'version:u32': {
    decode: (dataView, offset) => ({
      version: dataView.getUint32(offset, true),
    }),
    encode(out, v: Values<'version'>) {
      if (v.version >>> 0 !== v.version) return false;
      out.writeUInt32LE(v.version);
      return true;
    },
  },
  'version:u32 desktopWidth:u16 desktopHeight:u16 colorDepth:u16 SASSequence:u16 keyboardLayout:u32 clientBuild:u32': {
    decode: (dataView, offset) => ({
      version: dataView.getUint32(offset, true),
      desktopWidth: dataView.getUint16(offset + 4, true),
      desktopHeight: dataView.getUint16(offset + 6, true),
      colorDepth: dataView.getUint16(offset + 8, true),
      SASSequence: dataView.getUint16(offset + 10, true),
      keyboardLayout: dataView.getUint32(offset + 12, true),
      clientBuild: dataView.getUint32(offset + 16, true),
    }),
    encode(out, v: Values<'version' | 'desktopWidth' | 'desktopHeight' | 'colorDepth' | 'SASSequence' | 'keyboardLayout' | 'clientBuild'>) {
      if (v.version >>> 0 !== v.version || (v.desktopWidth & 0xffff) !== v.desktopWidth || (v.desktopHeight & 0xffff) !== v.desktopHeight || (v.colorDepth & 0xffff) !== v.colorDepth || (v.SASSequence & 0xffff) !== v.SASSequence || v.keyboardLayout >>> 0 !== v.keyboardLayout || v.clientBuild >>> 0 !== v.clientBuild) return false;
      out.writeUInt32LE(v.version);
      out.writeUInt16LE(v.desktopWidth);
      out.writeUInt16LE(v.desktopHeight);
      out.writeUInt16LE(v.colorDepth);
      out.writeUInt16LE(v.SASSequence);
      out.writeUInt32LE(v.keyboardLayout);
      out.writeUInt32LE(v.clientBuild);
      return true;
    },
  },
  'version:u8 reserved:u8 length:u16be': {
    decode: (dataView, offset) => ({
      version: dataView.getUint8(offset),
      reserved: dataView.getUint8(offset + 1),
      length: dataView.getUint16(offset + 2, false),
    }),
    encode(out, v: Values<'version' | 'reserved' | 'length'>) {
      if ((v.version & 0xff) !== v.version || (v.reserved & 0xff) !== v.reserved || (v.length & 0xffff) !== v.length) return false;
      out.writeUInt8(v.version);
      out.writeUInt8(v.reserved);
      out.writeUInt16BE(v.length);
      return true;
    },
  },
  'wBlobType:u16 wBlobLen:u16': {
    decode: (dataView, offset) => ({
      wBlobType: dataView.getUint16(offset, true),
      wBlobLen: dataView.getUint16(offset + 2, true),
    }),
    encode(out, v: Values<'wBlobType' | 'wBlobLen'>) {
      if ((v.wBlobType & 0xffff) !== v.wBlobType || (v.wBlobLen & 0xffff) !== v.wBlobLen) return false;
      out.writeUInt16LE(v.wBlobType);
      out.writeUInt16LE(v.wBlobLen);
      return true;
    },
  },
});
