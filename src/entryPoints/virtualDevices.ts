/**
 * USB devices made of software, and what a device of your own is made of. Runs in browsers.
 *
 * @packageDocumentation
 */
export { BlobBlocks, type BlobBlocksOptions } from '../devices/virtual/blobBlocks.ts';
export { BLOCK_SIZE, type BlockStore } from '../devices/virtual/blockStore.ts';
export { CdcAcm, type CdcAcmOptions, type SerialLine } from '../devices/virtual/cdcAcm.ts';
export { CompositeDevice, type CompositeDeviceOptions } from '../devices/virtual/compositeDevice.ts';
export {
  configurationBytes,
  type ConfigurationValues,
  deviceBytes,
  type DeviceDescription,
  type DeviceLocation,
  type DeviceValues,
  qualifierBytes,
} from '../devices/virtual/deviceDescription.ts';
export type { DeviceEndpoints } from '../devices/virtual/deviceState.ts';
export type { Fault, FaultRule, FaultScript } from '../devices/virtual/faultScript.ts';
export { parseFaultScript } from '../devices/virtual/faultScriptText.ts';
export { type FaultOptions, withFaults } from '../devices/virtual/faultyDevice.ts';
export { GadgetZero, type GadgetZeroOptions } from '../devices/virtual/gadgetZero.ts';
export { HidKeyboard, type HidKeyboardOptions } from '../devices/virtual/hidKeyboard.ts';
export { HidMouse, type HidMouseOptions } from '../devices/virtual/hidMouse.ts';
export { MassStorageStick, type MassStorageStickOptions } from '../devices/virtual/massStorageStick.ts';
export { MemoryBlocks } from '../devices/virtual/memoryBlocks.ts';
export type { OutAnswer, OutEnd, OutPart } from '../devices/virtual/outEndpoint.ts';
export { OsrFx2, type OsrFx2Options } from '../devices/virtual/osrFx2.ts';
export { UsbAudio, type UsbAudioOptions } from '../devices/virtual/usbAudio.ts';
export { HeadsetButton, UsbHeadset, type UsbHeadsetOptions } from '../devices/virtual/usbHeadset.ts';
export { UsbWebcam, type UsbWebcamOptions } from '../devices/virtual/usbWebcam.ts';
export { numberInYuy2 } from '../devices/virtual/testPattern.ts';
export { DeviceError, type DeviceErrorCode } from '../usb/deviceError.ts';
export { VirtualDevice } from '../devices/virtual/virtualDevice.ts';
export type { UsbDescriptor } from '../../codecs/usb/descriptors.ts';
export { VirtualDevices, type VirtualDevicesOptions } from '../devices/virtual/virtualDevices.ts';
export type { KeyboardFunction } from '../devices/virtual/keyboardFunction.ts';
export { MouseButton, type MouseFunction } from '../devices/virtual/mouseFunction.ts';
export type { AudioChannelControls } from '../devices/virtual/usbAudioControls.ts';
export type { Complete } from '../usb/results.ts';
export { Modifier } from '../devices/virtual/keyboardLayout.ts';
