/**
 * USB devices made of software, and what a device of your own is made of. Runs in browsers.
 *
 * @packageDocumentation
 */
export type { BlockStore } from '../devices/virtual/blockStore.ts';
export { CdcAcm } from '../devices/virtual/cdcAcm.ts';
export { CompositeDevice } from '../devices/virtual/compositeDevice.ts';
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
export { withFaults } from '../devices/virtual/faultyDevice.ts';
export { GadgetZero } from '../devices/virtual/gadgetZero.ts';
export { HidKeyboard, type HidKeyboardOptions } from '../devices/virtual/hidKeyboard.ts';
export { HidMouse } from '../devices/virtual/hidMouse.ts';
export { MassStorageStick, type MassStorageStickOptions } from '../devices/virtual/massStorageStick.ts';
export { MemoryBlocks } from '../devices/virtual/memoryBlocks.ts';
export type { OutAnswer, OutEnd, OutPart } from '../devices/virtual/outEndpoint.ts';
export { OsrFx2 } from '../devices/virtual/osrFx2.ts';
export { UsbAudio } from '../devices/virtual/usbAudio.ts';
export { DeviceError, type DeviceErrorCode } from '../usb/deviceError.ts';
export { VirtualDevice } from '../devices/virtual/virtualDevice.ts';
export type { UsbDescriptor } from '../../codecs/usb/descriptors.ts';
export { VirtualDevices, type VirtualDevicesOptions } from '../devices/virtual/virtualDevices.ts';
