import { CdcAcm } from '../../../src/devices/virtual/cdcAcm.ts';
import { CompositeDevice } from '../../../src/devices/virtual/compositeDevice.ts';
import { withFaults } from '../../../src/devices/virtual/faultyDevice.ts';
import type { FaultScript } from '../../../src/devices/virtual/faultScript.ts';
import { GadgetZero } from '../../../src/devices/virtual/gadgetZero.ts';
import { HidKeyboard } from '../../../src/devices/virtual/hidKeyboard.ts';
import { HidMouse } from '../../../src/devices/virtual/hidMouse.ts';
import { MassStorageStick } from '../../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../../src/devices/virtual/memoryBlocks.ts';
import { OsrFx2 } from '../../../src/devices/virtual/osrFx2.ts';
import { UsbHeadset } from '../../../src/devices/virtual/usbHeadset.ts';
import { UsbWebcam } from '../../../src/devices/virtual/usbWebcam.ts';
import type { VirtualDevice } from '../../../src/devices/virtual/virtualDevice.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { testUsbDeviceContract, type ContractTraits } from '../contract.ts';
import { VirtualClock } from '../virtualClock.ts';
import { Endpoint, LoopbackDevice } from './loopbackDevice.ts';

const stick = () => new MassStorageStick({ blocks: new MemoryBlocks(new Uint8Array(512 * 8)) });

const devices: [name: string, traits: ContractTraits, make: () => VirtualDevice][] = [
  [
    'a virtual loopback device',
    {
      idleEndpoints: [Endpoint.interruptIn, Endpoint.echoIn],
      echo: { out: Endpoint.echoOut, in: Endpoint.echoIn },
    },
    () => new LoopbackDevice(),
  ],
  ['a virtual keyboard', { idleEndpoints: [0x81] }, () => new HidKeyboard()],
  ['a virtual mouse', { idleEndpoints: [0x81] }, () => new HidMouse()],
  ['a virtual stick', { idleEndpoints: [0x81] }, stick],
  ['an OSR FX2', { idleEndpoints: [0x88], echo: { out: 0x06, in: 0x88 } }, () => new OsrFx2()],
  [
    'an OSR FX2 at full speed',
    { idleEndpoints: [0x88], echo: { out: 0x06, in: 0x88 } },
    () => new OsrFx2({ speed: 'full' }),
  ],
  ['a gadget zero', { idleEndpoints: [0x81] }, () => new GadgetZero({ loopbackFirst: true })],
  ['a virtual serial port', { idleEndpoints: [0x83, 0x81] }, () => new CdcAcm()],
  [
    'a virtual composite device',
    { idleEndpoints: [0x81, 0x82, 0x83], echo: { out: 0x03, in: 0x83 } },
    () => new CompositeDevice(),
  ],
  ['a virtual headset', { idleEndpoints: [0x84] }, () => new UsbHeadset({ clock: new VirtualClock(0) })],
  ['a virtual webcam', { idleEndpoints: [] }, () => new UsbWebcam({ clock: new VirtualClock(0) })],
];

for (const [name, traits, make] of devices) {
  testUsbDeviceContract(name, { ...traits, unplugs: true }, () => {
    const device = make();
    return { device, unplug: () => device.unplug(), dispose: () => device.dispose() };
  });
}

/** A clock on which everything is over as soon as the callers are done. */
const impatient: Clock = {
  now: () => 0,
  after: (_delay, callback) => {
    let isStopped = false;
    queueMicrotask(() => {
      if (!isStopped) callback();
    });
    return () => {
      isStopped = true;
    };
  },
};

const delay = { type: 'delay', milliseconds: 1 } as const;
const scripts: [name: string, script: FaultScript][] = [
  ['without faults', []],
  ['with faults in other operations', [{ fault: { type: 'hang' }, endpointAddress: 0x0d }]],
  [
    'with delays',
    [
      { fault: delay, operation: 'control', every: 2 },
      { fault: delay, operation: 'transferOut' },
      { fault: delay, operation: 'setConfiguration' },
    ],
  ],
];

for (const [how, script] of scripts) {
  for (const [name, traits, make] of devices.filter(([each]) => /loopback|FX2$|composite/.test(each))) {
    testUsbDeviceContract(`${name} ${how}`, { ...traits, unplugs: true }, () => {
      const device = make();
      const faulty = withFaults(device, script, { clock: impatient });
      return { device: faulty, unplug: () => device.unplug(), dispose: () => device.dispose() };
    });
  }
}
