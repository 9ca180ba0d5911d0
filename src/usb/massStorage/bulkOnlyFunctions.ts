import type { EndpointSetting, InterfaceSetting } from '../../../codecs/usb/configurationDescriptor.ts';
import { RequestType, type SetupPacket } from '../../../codecs/usb/setupPacket.ts';

/** Mass storage, [USB MSC Overview 1.4] 2, and Bulk-Only Transport, [USB MSC BOT 1.0] 4.3. */
const MASS_STORAGE = 0x08;
const BULK_ONLY = 0x50;

const MASS_STORAGE_RESET = 0xff;

/** Bulk-Only Mass Storage Reset, [USB MSC BOT 1.0] 3.1. */
export function isBulkOnlyReset({ bmRequestType, bRequest }: SetupPacket): boolean {
  return bmRequestType === (RequestType.class | RequestType.interface) && bRequest === MASS_STORAGE_RESET;
}

/** The two endpoints of an interface that speaks the Bulk-Only Transport. */
export interface BulkOnlyFunction {
  readonly interfaceNumber: number;
  readonly in: EndpointSetting;
  readonly out: EndpointSetting;
}

/** Those among the alternate settings in force. A setting for UAS (protocol 0x62) is none. */
export function bulkOnlyFunctions(settings: readonly InterfaceSetting[]): BulkOnlyFunction[] {
  return settings.flatMap(({ interfaceNumber, interfaceClass, interfaceProtocol, endpoints }) => {
    if (interfaceClass !== MASS_STORAGE || interfaceProtocol !== BULK_ONLY) return [];
    const bulk = endpoints.filter(({ transferType }) => transferType === 'bulk');
    const input = bulk.find(({ endpointAddress }) => endpointAddress >= 0x80);
    const output = bulk.find(({ endpointAddress }) => endpointAddress < 0x80);
    return input === undefined || output === undefined ? [] : [{ interfaceNumber, in: input, out: output }];
  });
}
