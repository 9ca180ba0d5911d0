import { expect } from 'chai';
import { joinParts } from '../../codecs/core/parts.ts';
import { UsbredirCapability } from '../../codecs/usbredir/header.ts';
import { encodeUsbredirPacket } from '../../codecs/usbredir/packet.ts';
import { type LinkEvent, UsbredirLink } from '../../src/usbredir/usbredirLink.ts';

const link = (role: 'host' | 'guest', capabilities = 0xfe, maximumLength = 1000) =>
  new UsbredirLink({ role, version: role, capabilities, maximumLength });
const helloOf = (each: UsbredirLink) => joinParts(each.hello());
const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

/** A pair that has exchanged hellos. */
function linked(hostCapabilities = 0xfe, guestCapabilities = 0xff) {
  const [host, guest] = [link('host', hostCapabilities), link('guest', guestCapabilities)];
  const events = [...host.receive(helloOf(guest)), ...guest.receive(helloOf(host))];
  return { host, guest, events };
}

describe('a usbredir connection', () => {
  it('begins with a hello of each end, and both know what they have in common', () => {
    const { host, guest, events } = linked();
    expect(events).to.deep.equal([
      { type: 'ready', version: 'guest', peerCapabilities: 0xff },
      { type: 'ready', version: 'host', peerCapabilities: 0xfe },
    ]);
    expect([host.capabilities, guest.capabilities]).to.deep.equal([0xfe, 0xfe]);
  });

  it('has no bulk streams without packet sizes', () => {
    const { bulk_streams, filter } = UsbredirCapability;
    const { host } = linked(bulk_streams | filter, 0xff);
    expect(host.capabilities).to.equal(filter);
  });

  it('changes the width of ids behind the hello, also within one chunk', () => {
    const [host, guest] = [link('host'), link('guest', 0xff)];
    const filter = encodeUsbredirPacket({ name: 'usb_redir_filter_filter', id: 0, idHigh: 0, filter: '-1,-1,-1,-1,1' });
    const chunk = joinParts([helloOf(guest), ...filter]);
    const names = [...host.receive(chunk)].map((event) => (event.type === 'packet' ? event.packet.name : event.type));
    expect(names).to.deep.equal(['ready', 'usb_redir_filter_filter']);
    expect(host.numbered(7)).to.deep.equal({ id: 7, idHigh: 0 });
  });

  it('finds packets however they are cut', () => {
    const { host, guest } = linked();
    const data = Uint8Array.from({ length: 300 }, (_, index) => index);
    const packet = {
      name: 'usb_redir_bulk_packet',
      ...guest.numbered(5),
      endpoint: 2,
      status: 0,
      length: 300,
      streamId: 0,
      hasLengthHigh: true,
      data,
    } as const;
    const cancel = { name: 'usb_redir_cancel_data_packet', ...guest.numbered(5) } as const;
    const stream = joinParts([...guest.encode(packet), ...guest.encode(cancel)]);
    for (const size of [1, 3, 16, 17, 300, stream.byteLength]) {
      const events: LinkEvent[] = [];
      for (let at = 0; at < stream.byteLength; at += size) events.push(...host.receive(stream.slice(at, at + size)));
      expect(events, `pieces of ${size}`).to.deep.equal([
        { type: 'packet', packet },
        { type: 'packet', packet: cancel },
      ]);
    }
  });

  it('skips a packet that is none by its length, and goes on behind it', () => {
    const { host } = linked(0, 0);
    const unknown = hex('63000000 05000000 00000000 0102030405');
    const ofTheHost = hex('02000000 00000000 00000000');
    const tooLong = Uint8Array.from([...hex('65000000 e9030000 00000000'), ...new Uint8Array(1001)]);
    const reset = hex('03000000 00000000 00000000');
    for (const size of [1, 7, 2000]) {
      const stream = joinParts([unknown, ofTheHost, tooLong, reset]);
      const types: string[] = [];
      for (let at = 0; at < stream.byteLength; at += size) {
        types.push(...[...host.receive(stream.slice(at, at + size))].map(({ type }) => type));
      }
      expect(types, `pieces of ${size}`).to.deep.equal(['malformed', 'malformed', 'malformed', 'packet']);
    }
  });

  it('takes no memory for a packet that is too long', () => {
    const { host } = linked(0, 0);
    const [event] = [...host.receive(hex('65000000 00000008 00000000'))];
    expect(event?.type === 'malformed' && event.error).to.include({ code: 'LIMIT_EXCEEDED' });
  });

  it('ends after a hundred bad packets', () => {
    const { host } = linked(0, 0);
    const bad = hex('63000000 00000000 00000000');
    const types = Array.from({ length: 101 }, () => [...host.receive(bad)].map(({ type }) => type)).flat();
    expect(types).to.deep.equal([...Array.from({ length: 99 }, () => 'malformed'), 'failed']);
  });

  it('ends at once where the other end speaks something else, or does not say hello first', () => {
    expect([...link('host').receive(Uint8Array.from(Buffer.from('RFB 003.008\n')))][0]?.type).to.equal('failed');
    const reset = hex('03000000 00000000 00000000');
    const events = [...link('host').receive(reset), ...link('host').receive(new Uint8Array(0))];
    expect(events.map((event) => event.type === 'failed' && event.error.message)).to.deep.equal([
      'usb_redir_reset in state awaitingHello: a connection begins with usb_redir_hello: the other end is no usbredir ([usbredir] usb_redir_reset)',
    ]);
  });

  it('ignores a second hello', () => {
    const { host, guest } = linked();
    expect([...host.receive(helloOf(guest))]).to.deep.equal([]);
    expect(host.capabilities).to.equal(0xfe);
  });
});
