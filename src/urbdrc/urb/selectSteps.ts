import type { Configuration, InterfaceSetting } from '../../../codecs/usb/configurationDescriptor.ts';
import { Hresult } from '../../../codecs/urbdrc/status.ts';
import type {
  InterfaceInformation,
  TsUrbSelectConfiguration,
  TsUrbSelectInterface,
} from '../../../codecs/urbdrc/tsUrb/selectUrbs.ts';
import type { PipeTable } from './pipeTable.ts';
import { statusPair } from './status.ts';
import { complete, fail, Refusal, type UrbStep } from './urbStep.ts';

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
  table: PipeTable,
): UrbStep {
  if (urb.configurationDescriptor === undefined) return unconfigure(urb, table);
  const value = configurationValue(urb.configurationDescriptor);
  const configuration = configurations.find(({ configurationValue }) => configurationValue === value);
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
  return {
    type: 'submit',
    operation: { type: 'setConfiguration', configurationValue: configuration.configurationValue },
    next: ({ status }) => {
      if (status !== 'completed') return fail(urb, statusPair(status));
      // From here on no earlier handle is good, even when an interface fails.
      table.unconfigure();
      const others = settings.filter(({ alternateSetting }) => alternateSetting !== 0);
      return setInterfaces(urb, others, () => {
        table.selectConfiguration(configuration, settings);
        return complete(
          {
            name: 'TS_URB_SELECT_CONFIGURATION_RESULT',
            usbdStatus: 0,
            configurationHandle: table.configurationHandle,
            interfaces: urb.interfaces.map((wanted) => table.describe(wanted)),
          },
          Hresult.S_OK,
        );
      });
    },
  };
}

/** SELECT_INTERFACE, [MS-RDPEUSB] 3.3.5.3.6. */
export function selectInterface(urb: TsUrbSelectInterface, table: PipeTable): UrbStep {
  const { configuration } = table;
  if (configuration === undefined || urb.configurationHandle !== table.configurationHandle) {
    return fail(urb, Refusal.invalidParameter);
  }
  const setting = findSetting(configuration, urb.interface);
  if (setting === undefined) return fail(urb, Refusal.interfaceNotFound);
  return setInterfaces(urb, [setting], () => {
    // Another selection may have come between: then this interface is no longer what was asked for.
    if (table.configuration !== configuration) return fail(urb, Refusal.invalidParameter);
    table.selectInterface(setting);
    return complete(
      { name: 'TS_URB_SELECT_INTERFACE_RESULT', usbdStatus: 0, interface: table.describe(urb.interface) },
      Hresult.S_OK,
    );
  });
}

function unconfigure(urb: TsUrbSelectConfiguration, table: PipeTable): UrbStep {
  return {
    type: 'submit',
    operation: { type: 'setConfiguration', configurationValue: 0 },
    next: ({ status }) => {
      if (status !== 'completed') return fail(urb, statusPair(status));
      table.unconfigure();
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
  settings: readonly InterfaceSetting[],
  done: () => UrbStep,
): UrbStep {
  const [setting, ...others] = settings;
  if (setting === undefined) return done();
  const { interfaceNumber, alternateSetting } = setting;
  return {
    type: 'submit',
    operation: { type: 'setInterface', interfaceNumber, alternateSetting },
    next: ({ status }) => (status === 'completed' ? setInterfaces(urb, others, done) : fail(urb, statusPair(status))),
  };
}

export function findSetting(
  configuration: Configuration,
  wanted: Pick<InterfaceInformation, 'interfaceNumber' | 'alternateSetting'>,
): InterfaceSetting | undefined {
  return configuration.interfaces.find(
    ({ interfaceNumber, alternateSetting }) =>
      interfaceNumber === wanted.interfaceNumber && alternateSetting === wanted.alternateSetting,
  );
}

function configurationValue(descriptor: Uint8Array): number | undefined {
  if (descriptor[DESCRIPTOR_TYPE_OFFSET] !== CONFIGURATION_DESCRIPTOR_TYPE) return undefined;
  return descriptor[CONFIGURATION_VALUE_OFFSET];
}
