// Generated from the field tables of this folder by `npm run docs`, with binary-parser: do not edit.
import { structsOf } from '../core/struct.ts';

export const struct = structsOf({
  'CodePage:u32 flags:u32 cbDomain:u16 cbUserName:u16 cbPassword:u16 cbAlternateShell:u16 cbWorkingDir:u16': (dataView, offset) => ({
    CodePage: dataView.getUint32(offset, true),
    flags: dataView.getUint32(offset + 4, true),
    cbDomain: dataView.getUint16(offset + 8, true),
    cbUserName: dataView.getUint16(offset + 10, true),
    cbPassword: dataView.getUint16(offset + 12, true),
    cbAlternateShell: dataView.getUint16(offset + 14, true),
    cbWorkingDir: dataView.getUint16(offset + 16, true),
  }),
  'Flags:u32 RedirectedSessionID:u32': (dataView, offset) => ({
    Flags: dataView.getUint32(offset, true),
    RedirectedSessionID: dataView.getUint32(offset + 4, true),
  }),
  'MCSChannelId:u16 channelCount:u16': (dataView, offset) => ({
    MCSChannelId: dataView.getUint16(offset, true),
    channelCount: dataView.getUint16(offset + 2, true),
  }),
  'action:u16 grantId:u16 controlId:u32': (dataView, offset) => ({
    action: dataView.getUint16(offset, true),
    grantId: dataView.getUint16(offset + 2, true),
    controlId: dataView.getUint32(offset + 4, true),
  }),
  'bMsgType:u8 flags:u8 wMsgSize:u16': (dataView, offset) => ({
    bMsgType: dataView.getUint8(offset),
    flags: dataView.getUint8(offset + 1),
    wMsgSize: dataView.getUint16(offset + 2, true),
  }),
  'capabilitySetType:u16 lengthCapability:u16': (dataView, offset) => ({
    capabilitySetType: dataView.getUint16(offset, true),
    lengthCapability: dataView.getUint16(offset + 2, true),
  }),
  'channelCount:u32': (dataView, offset) => ({
    channelCount: dataView.getUint32(offset, true),
  }),
  'channelId:u16': (dataView, offset) => ({
    channelId: dataView.getUint16(offset, true),
  }),
  'colorPointerFlag:u16 colorPointerCacheSize:u16': (dataView, offset) => ({
    colorPointerFlag: dataView.getUint16(offset, true),
    colorPointerCacheSize: dataView.getUint16(offset + 2, true),
  }),
  'destLeft:u16 destTop:u16 destRight:u16 destBottom:u16 width:u16 height:u16 bitsPerPixel:u16 flags:u16 bitmapLength:u16': (dataView, offset) => ({
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
  'doubleWord:u32': (dataView, offset) => ({
    doubleWord: dataView.getUint32(offset, true),
  }),
  'dwErrorCode:u32 dwStateTransition:u32': (dataView, offset) => ({
    dwErrorCode: dataView.getUint32(offset, true),
    dwStateTransition: dataView.getUint32(offset + 4, true),
  }),
  'encryptionMethod:u32 encryptionLevel:u32': (dataView, offset) => ({
    encryptionMethod: dataView.getUint32(offset, true),
    encryptionLevel: dataView.getUint32(offset + 4, true),
  }),
  'encryptionMethods:u32 extEncryptionMethods:u32': (dataView, offset) => ({
    encryptionMethods: dataView.getUint32(offset, true),
    extEncryptionMethods: dataView.getUint32(offset + 4, true),
  }),
  'errorInfo:u32': (dataView, offset) => ({
    errorInfo: dataView.getUint32(offset, true),
  }),
  'flags:u16 flagsHi:u16': (dataView, offset) => ({
    flags: dataView.getUint16(offset, true),
    flagsHi: dataView.getUint16(offset + 2, true),
  }),
  'fontSupportFlags:u16 pad2octets:u16': (dataView, offset) => ({
    fontSupportFlags: dataView.getUint16(offset, true),
    pad2octets: dataView.getUint16(offset + 2, true),
  }),
  'inputFlags:u16 pad2octetsA:u16 keyboardLayout:u32 keyboardType:u32 keyboardSubType:u32 keyboardFunctionKey:u32': (dataView, offset) => ({
    inputFlags: dataView.getUint16(offset, true),
    pad2octetsA: dataView.getUint16(offset + 2, true),
    keyboardLayout: dataView.getUint32(offset + 4, true),
    keyboardType: dataView.getUint32(offset + 8, true),
    keyboardSubType: dataView.getUint32(offset + 12, true),
    keyboardFunctionKey: dataView.getUint32(offset + 16, true),
  }),
  'keyboardType:u32 keyboardSubType:u32 keyboardFunctionKey:u32': (dataView, offset) => ({
    keyboardType: dataView.getUint32(offset, true),
    keyboardSubType: dataView.getUint32(offset + 4, true),
    keyboardFunctionKey: dataView.getUint32(offset + 8, true),
  }),
  'left:u16 top:u16 right:u16 bottom:u16': (dataView, offset) => ({
    left: dataView.getUint16(offset, true),
    top: dataView.getUint16(offset + 2, true),
    right: dataView.getUint16(offset + 4, true),
    bottom: dataView.getUint16(offset + 6, true),
  }),
  'lengthSourceDescriptor:u16': (dataView, offset) => ({
    lengthSourceDescriptor: dataView.getUint16(offset, true),
  }),
  'lengthSourceDescriptor:u16 lengthCombinedCapabilities:u16': (dataView, offset) => ({
    lengthSourceDescriptor: dataView.getUint16(offset, true),
    lengthCombinedCapabilities: dataView.getUint16(offset + 2, true),
  }),
  'messageType:u16 targetUser:u16': (dataView, offset) => ({
    messageType: dataView.getUint16(offset, true),
    targetUser: dataView.getUint16(offset + 2, true),
  }),
  'nodeId:u16 pad2octets:u16': (dataView, offset) => ({
    nodeId: dataView.getUint16(offset, true),
    pad2octets: dataView.getUint16(offset + 2, true),
  }),
  'numberCapabilities:u16 pad2Octets:u16': (dataView, offset) => ({
    numberCapabilities: dataView.getUint16(offset, true),
    pad2Octets: dataView.getUint16(offset + 2, true),
  }),
  'numberEntries:u16 totalNumEntries:u16 mapFlags:u16 entrySize:u16': (dataView, offset) => ({
    numberEntries: dataView.getUint16(offset, true),
    totalNumEntries: dataView.getUint16(offset + 2, true),
    mapFlags: dataView.getUint16(offset + 4, true),
    entrySize: dataView.getUint16(offset + 6, true),
  }),
  'numberFonts:u16 totalNumFonts:u16 listFlags:u16 entrySize:u16': (dataView, offset) => ({
    numberFonts: dataView.getUint16(offset, true),
    totalNumFonts: dataView.getUint16(offset + 2, true),
    listFlags: dataView.getUint16(offset + 4, true),
    entrySize: dataView.getUint16(offset + 6, true),
  }),
  'originatorId:u16': (dataView, offset) => ({
    originatorId: dataView.getUint16(offset, true),
  }),
  'osMajorType:u16 osMinorType:u16 protocolVersion:u16 pad2octetsA:u16 generalCompressionTypes:u16 extraFlags:u16 updateCapabilityFlag:u16 remoteUnshareFlag:u16 generalCompressionLevel:u16 refreshRectSupport:u8 suppressOutputSupport:u8': (dataView, offset) => ({
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
  'pad1:u8 streamId:u8 uncompressedLength:u16 pduType2:u8 compressedType:u8 compressedLength:u16': (dataView, offset) => ({
    pad1: dataView.getUint8(offset),
    streamId: dataView.getUint8(offset + 1),
    uncompressedLength: dataView.getUint16(offset + 2, true),
    pduType2: dataView.getUint8(offset + 4),
    compressedType: dataView.getUint8(offset + 5),
    compressedLength: dataView.getUint16(offset + 6, true),
  }),
  'pad4octetsA:u32 desktopSaveXGranularity:u16 desktopSaveYGranularity:u16 pad2octetsA:u16 maximumOrderLevel:u16 numberFonts:u16 orderFlags:u16': (dataView, offset) => ({
    pad4octetsA: dataView.getUint32(offset, true),
    desktopSaveXGranularity: dataView.getUint16(offset + 4, true),
    desktopSaveYGranularity: dataView.getUint16(offset + 6, true),
    pad2octetsA: dataView.getUint16(offset + 8, true),
    maximumOrderLevel: dataView.getUint16(offset + 10, true),
    numberFonts: dataView.getUint16(offset + 12, true),
    orderFlags: dataView.getUint16(offset + 14, true),
  }),
  'pointerCacheSize:u16': (dataView, offset) => ({
    pointerCacheSize: dataView.getUint16(offset, true),
  }),
  'preferredBitsPerPixel:u16 receive1BitPerPixel:u16 receive4BitsPerPixel:u16 receive8BitsPerPixel:u16 desktopWidth:u16 desktopHeight:u16 pad2octets:u16 desktopResizeFlag:u16 bitmapCompressionFlag:u16 highColorFlags:u8 drawingFlags:u8 multipleRectangleSupport:u16 pad2octetsB:u16': (dataView, offset) => ({
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
  'sessionId:u32': (dataView, offset) => ({
    sessionId: dataView.getUint32(offset, true),
  }),
  'shareId:u32': (dataView, offset) => ({
    shareId: dataView.getUint32(offset, true),
  }),
  'textFlags:u16 orderSupportExFlags:u16 pad4octetsB:u32 desktopSaveSize:u32 pad2octetsC:u16 pad2octetsD:u16 textANSICodePage:u16 pad2octetsE:u16': (dataView, offset) => ({
    textFlags: dataView.getUint16(offset, true),
    orderSupportExFlags: dataView.getUint16(offset + 2, true),
    pad4octetsB: dataView.getUint32(offset + 4, true),
    desktopSaveSize: dataView.getUint32(offset + 8, true),
    pad2octetsC: dataView.getUint16(offset + 12, true),
    pad2octetsD: dataView.getUint16(offset + 14, true),
    textANSICodePage: dataView.getUint16(offset + 16, true),
    pad2octetsE: dataView.getUint16(offset + 18, true),
  }),
  'totalLength:u16 pduType:u16 pduSource:u16': (dataView, offset) => ({
    totalLength: dataView.getUint16(offset, true),
    pduType: dataView.getUint16(offset + 2, true),
    pduSource: dataView.getUint16(offset + 4, true),
  }),
  'type:u16 length:u16': (dataView, offset) => ({
    type: dataView.getUint16(offset, true),
    length: dataView.getUint16(offset + 2, true),
  }),
  'type:u8 flags:u8 length:u16': (dataView, offset) => ({
    type: dataView.getUint8(offset),
    flags: dataView.getUint8(offset + 1),
    length: dataView.getUint16(offset + 2, true),
  }),
  'type:u8 flags:u8 length:u16 value:u32': (dataView, offset) => ({
    type: dataView.getUint8(offset),
    flags: dataView.getUint8(offset + 1),
    length: dataView.getUint16(offset + 2, true),
    value: dataView.getUint32(offset + 4, true),
  }),
  'updateType:u16 numberRectangles:u16': (dataView, offset) => ({
    updateType: dataView.getUint16(offset, true),
    numberRectangles: dataView.getUint16(offset + 2, true),
  }),
  'version:u32': (dataView, offset) => ({
    version: dataView.getUint32(offset, true),
  }),
  'version:u32 desktopWidth:u16 desktopHeight:u16 colorDepth:u16 SASSequence:u16 keyboardLayout:u32 clientBuild:u32': (dataView, offset) => ({
    version: dataView.getUint32(offset, true),
    desktopWidth: dataView.getUint16(offset + 4, true),
    desktopHeight: dataView.getUint16(offset + 6, true),
    colorDepth: dataView.getUint16(offset + 8, true),
    SASSequence: dataView.getUint16(offset + 10, true),
    keyboardLayout: dataView.getUint32(offset + 12, true),
    clientBuild: dataView.getUint32(offset + 16, true),
  }),
  'wBlobType:u16 wBlobLen:u16': (dataView, offset) => ({
    wBlobType: dataView.getUint16(offset, true),
    wBlobLen: dataView.getUint16(offset + 2, true),
  }),
  'word:u16': (dataView, offset) => ({
    word: dataView.getUint16(offset, true),
  }),
});
