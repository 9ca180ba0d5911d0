import type { Configuration, InterfaceSetting } from '../../../codecs/usb/configurationDescriptor.ts';
import { Hresult } from '../../../codecs/urbdrc/status.ts';
import type { TsUrbSelectConfiguration, TsUrbSelectInterface } from '../../../codecs/urbdrc/tsUrb/selectUrbs.ts';
import type { UsbOperation } from '../../ports/usb.ts';
import { findConfiguration, findSetting } from '../../usb/activeConfiguration.ts';
import { complete, fail, Refusal, type UrbStep } from './completions.ts';
import type { DeviceHandles } from './handles.ts';
import { statusPair } from './status.ts';

/** Offsets into a configuration descriptor, [USB 2.0] table 9-10. */
const DESCRIPTOR_TYPE_OFFSET = 1;
const CONFIGURATION_VALUE_OFFSET = 5;
const CONFIGURATION_DESCRIPTOR_TYPE = 2;

/**
 * SELECT_CONFIGURATION, [MS-RDPEUSB] 3.3.5.3.6: SET_CONFIGURATION, then SET_INTERFACE for each interface that is wanted
 * in another alternate setting than 0. Of the server's descriptor only bConfigurationValue counts; the device's own
 * descriptors say what is in it.
 */
export function selectConfiguration(
  urb: TsUrbSelectConfiguration,
  configurations: readonly Configuration[],
  handles: DeviceHandles,
): UrbStep {
  if (urb.configurationDescriptor === undefined) return unconfigure(urb, handles);
  const value = configurationValue(urb.configurationDescriptor);
  const configuration = value === undefined ? undefined : findConfiguration(configurations, value);
  if (configuration === undefined) return fail(urb, Refusal.invalidConfigurationDescriptor);

  const settings: InterfaceSetting[] = [];
  for (const wanted of urb.interfaces) {
    const setting = findSetting(configuration, wanted);
    if (setting === undefined) return fail(urb, Refusal.interfaceNotFound);
    if (settings.some(({ interfaceNumber }) => interfaceNumber === wanted.interfaceNumber)) {
      return fail(urb, Refusal.invalidParameter);
    }
    settings.push(setting);
  }
  const operation = { type: 'setConfiguration', configurationValue: configuration.configurationValue } as const;
  return {
    type: 'submit',
    operation,
    next: ({ status }) => {
      if (status !== 'completed') return fail(urb, statusPair(status));
      handles.note(operation);
      // From here on no earlier handle is good, even when an interface fails.
      handles.renew();
      const others = settings.filter(({ alternateSetting }) => alternateSetting !== 0);
      return setInterfaces(urb, configuration, others, handles, () =>
        complete(
          {
            name: 'TS_URB_SELECT_CONFIGURATION_RESULT',
            usbdStatus: 0,
            configurationHandle: handles.configurationHandle,
            interfaces: urb.interfaces.map((wanted) => handles.describe(wanted)),
          },
          Hresult.S_OK,
        ),
      );
    },
  };
}

/** SELECT_INTERFACE, [MS-RDPEUSB] 3.3.5.3.6. */
export function selectInterface(urb: TsUrbSelectInterface, handles: DeviceHandles): UrbStep {
  const { configuration } = handles;
  if (configuration === undefined || urb.configurationHandle !== handles.configurationHandle) {
    return fail(urb, Refusal.invalidParameter);
  }
  const setting = findSetting(configuration, urb.interface);
  if (setting === undefined) return fail(urb, Refusal.interfaceNotFound);
  return setInterfaces(urb, configuration, [setting], handles, () => {
    handles.renew(setting.interfaceNumber);
    return complete(
      { name: 'TS_URB_SELECT_INTERFACE_RESULT', usbdStatus: 0, interface: handles.describe(urb.interface) },
      Hresult.S_OK,
    );
  });
}

function unconfigure(urb: TsUrbSelectConfiguration, handles: DeviceHandles): UrbStep {
  const operation = { type: 'setConfiguration', configurationValue: 0 } as const;
  return {
    type: 'submit',
    operation,
    next: ({ status }) => {
      if (status !== 'completed') return fail(urb, statusPair(status));
      handles.note(operation);
      return complete(
        { name: 'TS_URB_SELECT_CONFIGURATION_RESULT', usbdStatus: 0, configurationHandle: 0, interfaces: [] },
        Hresult.S_OK,
      );
    },
  };
}

/** SET_INTERFACE for each setting in turn; the first failure ends it. */
function setInterfaces(
  urb: TsUrbSelectConfiguration | TsUrbSelectInterface,
  configuration: Configuration,
  settings: readonly InterfaceSetting[],
  handles: DeviceHandles,
  done: () => UrbStep,
): UrbStep {
  const [setting, ...others] = settings;
  if (setting === undefined) return done();
  const { interfaceNumber, alternateSetting } = setting;
  const operation: UsbOperation = { type: 'setInterface', interfaceNumber, alternateSetting };
  return {
    type: 'submit',
    operation,
    next: ({ status }) => {
      if (status !== 'completed') return fail(urb, statusPair(status));
      // Another selection may have come between: then the interface is no longer what was asked for.
      if (handles.configuration !== configuration) return fail(urb, Refusal.invalidParameter);
      handles.note(operation);
      return setInterfaces(urb, configuration, others, handles, done);
    },
  };
}

function configurationValue(descriptor: Uint8Array): number | undefined {
  if (descriptor[DESCRIPTOR_TYPE_OFFSET] !== CONFIGURATION_DESCRIPTOR_TYPE) return undefined;
  return descriptor[CONFIGURATION_VALUE_OFFSET];
}
