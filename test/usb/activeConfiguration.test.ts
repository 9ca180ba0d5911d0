import { expect } from 'chai';
import { type Configuration, readConfigurations } from '../../codecs/usb/configurationDescriptor.ts';
import { fromHex } from '../../codecs/core/json.ts';
import { ActiveConfiguration } from '../../src/usb/activeConfiguration.ts';

const BULK_OUT = (address: string, size: string) => `07 05 ${address} 02 ${size} 00`;
/** Interface 0 has 0x02 with 512 bytes, and with 1024 in its setting 1; interface 2 begins with its setting 1. */
const FIRST =
  `09 02 4200 02 01 00 80 32  09 04 00 00 01 ff 00 00 00 ${BULK_OUT('02', '0002')} ` +
  `09 04 00 01 01 ff 00 00 00 ${BULK_OUT('02', '0004')} ` +
  `09 04 02 01 01 ff 00 00 00 07 05 81 03 4008 04 09 04 02 02 00 ff 00 00 00`;
const SECOND = `09 02 1900 01 05 00 80 32  09 04 00 00 01 ff 00 00 00 ${BULK_OUT('03', '4000')}`;

function made(...hex: string[]): { configurations: Configuration[]; active: ActiveConfiguration } {
  const configurations = readConfigurations(hex.map(fromHex));
  return { configurations, active: new ActiveConfiguration(configurations) };
}

const settings = ({ settings: inForce }: ActiveConfiguration) =>
  inForce.map(({ interfaceNumber, alternateSetting }) => `${interfaceNumber}.${alternateSetting}`).join(' ');

const setConfiguration = (configurationValue: number) => ({ type: 'setConfiguration', configurationValue }) as const;
const setInterface = (interfaceNumber: number, alternateSetting: number) =>
  ({ type: 'setInterface', interfaceNumber, alternateSetting }) as const;
const control = (bmRequestType: number, bRequest: number, wValue: number, wIndex = 0) =>
  ({
    type: 'control',
    setup: { bmRequestType, bRequest, wValue, wIndex, wLength: 0 },
    data: new Uint8Array(0),
    timeout: 0,
  }) as const;

describe('ActiveConfiguration', () => {
  it('begins without a configuration, and without endpoints', () => {
    const { active } = made(FIRST, SECOND);
    expect(active.configuration).to.equal(undefined);
    expect(active.settings).to.deep.equal([]);
    expect(active.endpoint(2)).to.equal(undefined);
    active.note(setInterface(0, 1));
    expect(active.settings).to.deep.equal([]);
  });

  it('may begin with a configuration', () => {
    const { configurations } = made(FIRST, SECOND);
    const active = new ActiveConfiguration(configurations, configurations[1]);
    expect(active.configuration).to.equal(configurations[1]);
    expect(active.packetSize(3)).to.equal(64);
  });

  it('a configuration begins with setting 0 of each interface, or the first that there is', () => {
    const { active, configurations } = made(FIRST, SECOND);
    active.note(setConfiguration(1));
    expect(active.configuration).to.equal(configurations[0]);
    expect(settings(active)).to.equal('0.0 2.1');
    expect(active.setting(0)).to.equal(configurations[0]?.interfaces[0]);
    expect(active.endpoint(0x02)).to.equal(configurations[0]?.interfaces[0]?.endpoints[0]);
    expect(active.endpoint(0x03)).to.equal(undefined);
  });

  it('the packet size is that of the setting in force, without the bits for high bandwidth', () => {
    const { active } = made(FIRST);
    active.note(setConfiguration(1));
    expect(active.packetSize(0x02)).to.equal(512);
    expect(active.packetSize(0x81)).to.equal(64);
    active.note(setInterface(0, 1));
    expect(settings(active)).to.equal('0.1 2.1');
    expect(active.packetSize(0x02)).to.equal(1024);
    active.note(setInterface(2, 2));
    expect(active.endpoint(0x81)).to.equal(undefined);
    expect(active.packetSize(0x81), 'what another setting says').to.equal(64);
    expect(active.packetSize(0x07)).to.equal(undefined);
  });

  it('a configuration that is set again puts all settings back', () => {
    const { active } = made(FIRST);
    active.note(setConfiguration(1));
    active.note(setInterface(0, 1));
    active.note(setConfiguration(1));
    expect(settings(active)).to.equal('0.0 2.1');
    expect(active.packetSize(0x02)).to.equal(512);
  });

  it('value 0 and a value that no descriptor tells of leave the device without endpoints', () => {
    for (const value of [0, 9]) {
      const { active } = made(FIRST);
      active.note(setConfiguration(1));
      active.note(setConfiguration(value));
      expect(active.configuration).to.equal(undefined);
      expect(active.settings).to.deep.equal([]);
      expect(active.endpoint(0x02)).to.equal(undefined);
    }
  });

  it('value 0 selects a configuration of that value', () => {
    const { active, configurations } = made(SECOND.replace('01 05', '01 00'));
    active.note(setConfiguration(0));
    expect(active.configuration).to.equal(configurations[0]);
    expect(active.packetSize(0x03)).to.equal(64);
  });

  it('a setting that no descriptor tells of has no endpoints', () => {
    const { active } = made(FIRST);
    active.note(setConfiguration(1));
    active.note(setInterface(0, 7));
    expect(active.setting(0)).to.equal(undefined);
    expect(active.endpoint(0x02)).to.equal(undefined);
    expect(active.likelyEndpoint(0x02)?.maxPacketSize).to.equal(512);
  });

  it('SET_CONFIGURATION and SET_INTERFACE count as control requests too, other requests do not', () => {
    const { active } = made(FIRST, SECOND);
    active.note(control(0x00, 9, 1));
    active.note(control(0x01, 11, 1, 0));
    expect(settings(active)).to.equal('0.1 2.1');
    active.note(control(0x21, 9, 5));
    active.note({ type: 'resetDevice' });
    active.note({ type: 'clearHalt', endpointAddress: 2 });
    expect(settings(active)).to.equal('0.1 2.1');
  });

  it('looks for a likely endpoint in force, then in the active configuration, then in all', () => {
    const { active, configurations } = made(FIRST, SECOND, SECOND.replace('05 00', '06 00').replace('4000', '2000'));
    active.note(setConfiguration(1));
    active.note(setInterface(0, 1));
    expect(active.likelyEndpoint(0x02)?.maxPacketSize).to.equal(1024);
    active.note(setInterface(2, 2));
    expect(active.likelyEndpoint(0x81)?.transferType).to.equal('interrupt');
    expect(active.likelyEndpoint(0x03)).to.equal(configurations[1]?.interfaces[0]?.endpoints[0]);
    active.note(setConfiguration(6));
    expect(active.likelyEndpoint(0x03)?.maxPacketSize).to.equal(32);
    expect(active.likelyEndpoint(0x05)).to.equal(undefined);
  });

  it('of two endpoints with one address the first counts', () => {
    const { active } = made(
      `09 02 2900 02 01 00 80 32 09 04 00 00 01 ff 00 00 00 ${BULK_OUT('02', '0002')} ` +
        `09 04 01 00 01 ff 00 00 00 ${BULK_OUT('02', '4000')}`,
    );
    active.note(setConfiguration(1));
    expect(active.packetSize(0x02)).to.equal(512);
  });
});
