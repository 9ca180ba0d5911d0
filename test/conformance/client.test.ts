import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { formatSpec } from '../../codecs/core/errors.ts';
import { CLIENT_REQUIREMENTS } from '../../src/conformance/client/requirements.ts';
import { CompositeDevice } from '../../src/devices/virtual/compositeDevice.ts';
import { GadgetZero } from '../../src/devices/virtual/gadgetZero.ts';
import { HidKeyboard } from '../../src/devices/virtual/hidKeyboard.ts';
import { MassStorageStick } from '../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../src/devices/virtual/memoryBlocks.ts';
import { OsrFx2 } from '../../src/devices/virtual/osrFx2.ts';
import { UsbAudio } from '../../src/devices/virtual/usbAudio.ts';
import { EchoDevice } from '../engine/echoDevice.ts';
import { LoopbackDevice } from '../devices/virtual/loopbackDevice.ts';
import { babbling, hanging, lossy, OsDescriptorDevice, SetupEchoDevice, shortWriting } from './devices.ts';
import { gradeOwnClient, type OwnClient, requirementOf, told } from './ownClient.ts';

const fx2: OwnClient = { redirects: () => [new OsrFx2()] };
const fullSpeed: OwnClient = { redirects: () => [new OsrFx2({ speed: 'full' })] };
const keyboard: OwnClient = { redirects: () => [new HidKeyboard()] };
const loopback: OwnClient = { redirects: () => [new LoopbackDevice()], traits: ['loopback'] };
const gadget: OwnClient = { redirects: (clock) => [new GadgetZero({ clock })] };
const two: OwnClient = { redirects: () => [new HidKeyboard(), new OsrFx2()] };
const none: OwnClient = { redirects: () => [], devices: 0 };
const stick: OwnClient = {
  redirects: () => [new MassStorageStick({ blocks: new MemoryBlocks(new Uint8Array(64 * 512)) })],
};
const composite: OwnClient = { redirects: () => [new CompositeDevice()] };
const audio: OwnClient = { redirects: (clock) => [new UsbAudio({ clock })] };
/** USB versions that Supported_USB_Version has no value for. */
const versions: readonly OwnClient[] = [0x0320, 0x0210, 0x0110, 0x0101].map((usbVersion) => ({
  redirects: () => [new EchoDevice({ usbVersion, speed: usbVersion > 0x0300 ? 'superPlus' : 'full' })],
}));
const unpluggable: OwnClient = {
  redirects: () => [new OsrFx2()],
  unplug: (devices) => devices.forEach((device) => device instanceof OsrFx2 && device.unplug()),
};

/** What stands behind our client for each requirement, beside the FX2 and the others that it has to be met with. */
const BEHIND: Readonly<Record<string, readonly OwnClient[]>> = {
  C01: [fx2, keyboard],
  C02: [fx2, none],
  C03: [fx2, none],
  C04: [fx2, none],
  C05: [none, { ...fx2, devices: 1 }, { ...two, devices: 2 }],
  C06: [fx2, fullSpeed, keyboard, gadget, audio, composite, two, ...versions],
  C07: [fx2, keyboard, loopback],
  C08: [fx2, keyboard, gadget, stick],
  C09: [fx2, keyboard],
  C10: [fx2, loopback, { redirects: () => [shortWriting()], traits: ['writesShort'] }],
  C11: [fx2, loopback, { redirects: () => [babbling()], traits: ['babbles'] }],
  C12: [fx2, keyboard],
  C13: [fx2],
  C14: [fx2, gadget],
  C15: [fx2, keyboard],
  C16: [fx2, fullSpeed, keyboard, gadget, audio, composite, stick, loopback],
  C17: [fx2, keyboard, composite, loopback],
  C18: [fx2, keyboard],
  C19: [fx2, gadget, audio, loopback],
  C20: [fx2],
  C21: [fx2, keyboard, composite, stick, loopback],
  C22: [fx2, keyboard, { redirects: () => [new SetupEchoDevice()], traits: ['echoesSetup'] }],
  C23: [fx2, { redirects: () => [new OsDescriptorDevice()] }],
  C24: [{ redirects: (clock) => [hanging(clock)], traits: ['hangs'] }],
  C25: [fx2, fullSpeed, loopback],
  C26: [gadget, audio, { redirects: (clock) => [lossy(clock)] }],
  C27: [gadget, audio],
  C28: [fx2, keyboard, stick, loopback],
  C29: [fx2, keyboard, two],
  C30: [fx2, keyboard, gadget],
  C31: [unpluggable],
  C32: [fx2, keyboard],
  C33: [fx2, loopback],
};

const nameOf = (id: string) => {
  const { title, sections } = requirementOf(id);
  return `${id} ${title} (${sections.map(formatSpec).join(', ')})`;
};

describe('conformance of our own client', () => {
  for (const [id, clients] of Object.entries(BEHIND)) {
    it(nameOf(id), async () => {
      for (const client of clients) expect(told(await gradeOwnClient(id, client))).to.equal('pass');
    });
  }

  it('is tested for every requirement', () => {
    expect(Object.keys(BEHIND).sort()).to.deep.equal(CLIENT_REQUIREMENTS.map(({ id }) => id));
  });
});

describe('a client without what a requirement is about', () => {
  const needsNoDevice = ['C02', 'C03', 'C04', 'C05'];
  for (const { id } of CLIENT_REQUIREMENTS.filter((each) => !needsNoDevice.includes(each.id))) {
    it(`${id} is not applicable to a client that redirects nothing`, async () => {
      const verdict = await gradeOwnClient(id, { redirects: () => [], ...(id === 'C31' && { unplug: () => {} }) });
      expect(told(verdict)).to.equal('notApplicable: the client redirects no device');
    });
  }

  const reasons: Readonly<Record<string, RegExp>> = {
    C10: /no device is known to loop back/,
    C11: /no device is known to loop back/,
    C24: /no device is known to leave a request hanging/,
    C25: /no device is known to loop back/,
    C26: /no device has an isochronous endpoint/,
    C27: /no device has an isochronous OUT endpoint/,
    C31: /nothing here can unplug/,
    C33: /no device is known to loop back/,
  };
  for (const [id, reason] of Object.entries(reasons)) {
    it(`${id} is not applicable to a keyboard`, async () => {
      expect(told(await gradeOwnClient(id, keyboard))).to.match(reason);
    });
  }

  it('C11 is not applicable to a device that hands out packets in parts', async () => {
    const parts: OwnClient = { redirects: () => [new EchoDevice()], traits: ['loopback'] };
    expect(told(await gradeOwnClient('C11', parts))).to.equal('notApplicable: the device hands out a packet in parts');
  });

  it('C28 is not applicable to a device whose reads never wait', async () => {
    const source: OwnClient = { redirects: () => [new GadgetZero()] };
    expect(told(await gradeOwnClient('C28', source))).to.match(/no device has a pipe whose reads wait/);
  });
});

describe('the requirements of clients', () => {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const faults = readdirSync(folder).filter((file) => /^clientFaults.*\.test\.ts$/.test(file));
  const text = faults.map((file) => readFileSync(`${folder}/${file}`, 'utf8')).join('\n');

  for (const { id } of CLIENT_REQUIREMENTS) {
    it(`${id} has a client that fails it`, () => expect(text).to.include(`'${id}',`));
  }
});
