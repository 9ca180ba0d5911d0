import { expect } from 'chai';
import { HidKeyboard } from '../../../src/devices/virtual/hidKeyboard.ts';
import { UsbAudio } from '../../../src/devices/virtual/usbAudio.ts';
import { systemClock } from '../../../src/systemClock.ts';
import { protectedClass } from '../../../src/web/model/browserLimits.ts';
import { type DescriptorNode, descriptorTree } from '../../../src/web/model/descriptorTree.ts';
import { EventLog } from '../../../src/web/model/eventLog.ts';
import { claimsIn } from '../../../src/web/model/tokenClaims.ts';
import { token } from '../../gateway/signing.ts';

const labels = ({ label, children }: DescriptorNode): unknown =>
  children.length === 0 ? label : [label, ...children.map(labels)];

describe('words of a page', () => {
  it('a device is a tree of its descriptors, with their fields', () => {
    const [device, configuration] = descriptorTree(new HidKeyboard());
    expect(device?.fields).to.deep.include(['idVendor', '0x1209']).and.deep.include(['bNumConfigurations', '1']);
    expect(configuration && labels(configuration)).to.deep.equal([
      'Configuration 1',
      ['Interface 0: input', 'HID descriptor', 'Endpoint 1 in: interrupt'],
    ]);
  });

  it('interfaces that belong together, and settings, are told', () => {
    const [, configuration] = descriptorTree(new UsbAudio({ clock: systemClock }));
    const text = JSON.stringify(configuration && labels(configuration));
    expect(text)
      .to.match(/Interface 1, setting 1: sound/)
      .and.match(/isochronous/);
  });

  it('descriptors that cannot be read are told as such, and the others stay', () => {
    const { deviceDescriptor } = new HidKeyboard();
    const nodes = descriptorTree({ deviceDescriptor, configurationDescriptors: [Uint8Array.of(9, 2, 200)] });
    expect(nodes.map(({ label }) => label)).to.deep.equal(['Device', '3 bytes that cannot be read']);
    expect(nodes[1]?.fields[0]?.[1]).to.match(/./);
  });

  it('knows the classes that browsers keep for themselves', () => {
    expect([0x01, 0x03, 0x08, 0x0b, 0x0e, 0x10, 0xe0].map(protectedClass)).to.not.include(undefined);
    expect([0x02, 0x07, 0x0a, 0xfe, 0xff].map(protectedClass)).to.deep.equal(Array(5).fill(undefined));
  });

  it('a token tells user and target; what is no token tells nothing', async () => {
    const claims = claimsIn(await token({ sub: 'ana-ñ', tgt: 'desk' }));
    expect(claims).to.deep.equal({ user: 'ana-ñ', target: 'desk' });
    const nothing = { user: undefined, target: undefined };
    for (const text of ['', 'guess', 'a.!!.c', `a.${btoa('7')}.c`, `a.${btoa('null')}.c`]) {
      expect(claimsIn(text), text).to.deep.equal(nothing);
    }
  });

  it('the log counts the same again, has the newest first, and forgets what is old', () => {
    let changes = 0;
    const log = new EventLog(() => (changes += 1));
    for (let index = 0; index < 3; index += 1) log.add('reset', 'stick');
    log.add('reset', 'other');
    expect(log.entries.map(({ about, times }) => [about, times])).to.deep.equal([
      ['other', 1],
      ['stick', 3],
    ]);
    for (let index = 0; index < 500; index += 1) log.add(`event ${index}`);
    expect(log.entries).to.have.length(200);
    expect(log.entries[0]?.sentence).to.equal('event 499');
    expect(changes).to.equal(504);
  });
});
