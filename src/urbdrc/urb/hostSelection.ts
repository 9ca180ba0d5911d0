import type { Configuration, InterfaceSetting } from '../../../codecs/usb/configurationDescriptor.ts';
import { UrbFunction } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { InterfaceInformation } from '../../../codecs/urbdrc/tsUrb/selectUrbs.ts';
import type { UsbOperation } from '../../ports/usb.ts';
import { findConfiguration, findSetting, initialSettings } from '../../usb/activeConfiguration.ts';
import { resultOf } from '../../usb/results.ts';
import { plainResult, statusOf } from './completions.ts';
import type { HostHandles } from './handles.ts';
import { type HostRequest, refused, transferIn } from './hostRequest.ts';

/** Windows ignores what the server says here. */
const ANY_TRANSFER_SIZE = 0xffff_ffff;

/** SELECT_CONFIGURATION, [MS-RDPEUSB] 2.2.9.2. 0 unconfigures, unless the device has a configuration of that value. */
export function configurationRequest(
  configurationValue: number,
  configurations: readonly Configuration[],
  handles: HostHandles,
): HostRequest {
  const urbFunction = UrbFunction.URB_FUNCTION_SELECT_CONFIGURATION;
  const name = 'TS_URB_SELECT_CONFIGURATION';
  const configuration = findConfiguration(configurations, configurationValue);
  if (configuration === undefined) {
    if (configurationValue !== 0) return refused('notFound');
    return transferIn({ name, urbFunction, interfaces: [] }, 0, (completion) => {
      const result = plainResult(completion);
      if (result.status === 'completed') handles.unconfigured();
      return result;
    });
  }
  const { descriptor: configurationDescriptor } = configuration;
  // One structure for each interface number, alternate setting 0: mstsc and FreeRDP insist on both.
  const interfaces = initialSettings(configuration).map(interfaceInformation);
  return transferIn({ name, urbFunction, interfaces, configurationDescriptor }, 0, (completion) => {
    const status = statusOf(completion);
    if (status !== 'completed') return resultOf(status);
    return resultOf(handles.configured(configuration, completion.tsUrbResult) ? 'completed' : 'failed');
  });
}

/** SELECT_INTERFACE, [MS-RDPEUSB] 2.2.9.3. */
export function interfaceRequest(
  wanted: Extract<UsbOperation, { type: 'setInterface' }>,
  handles: HostHandles,
): HostRequest {
  const { selected } = handles;
  if (selected === undefined) return refused('invalidParameter');
  const setting = findSetting(selected.configuration, wanted);
  if (setting === undefined) return refused('notFound');
  return transferIn(
    {
      name: 'TS_URB_SELECT_INTERFACE',
      urbFunction: UrbFunction.URB_FUNCTION_SELECT_INTERFACE,
      configurationHandle: selected.handle,
      interface: interfaceInformation(setting),
    },
    0,
    (completion) => {
      const status = statusOf(completion);
      if (status !== 'completed') return resultOf(status);
      return resultOf(handles.interfaceSelected(setting, completion.tsUrbResult) ? 'completed' : 'failed');
    },
  );
}

/** What a selection says about the setting that it wants. */
function interfaceInformation(setting: InterfaceSetting): InterfaceInformation {
  return {
    interfaceNumber: setting.interfaceNumber,
    alternateSetting: setting.alternateSetting,
    pipes: setting.endpoints.map(({ maxPacketSize }) => ({
      maximumPacketSize: maxPacketSize & 0x7ff,
      maximumTransferSize: ANY_TRANSFER_SIZE,
      pipeFlags: 0,
    })),
  };
}
