import { expect } from 'chai';
import { joinParts } from '../../../codecs/core/parts.ts';
import { isResumeMessage, ResumeMessage } from '../../../codecs/resume/resumeMessages.ts';
import type { Transport } from '../../../src/ports/transport.ts';
import { VirtualClock } from '../../devices/virtualClock.ts';
import { Network, type Wire } from './network.ts';

/** What people at an end read. */
function readersOf(transport: Transport): string[] {
  const lines: string[] = [];
  transport.start({
    received: () => {},
    drained: () => {},
    noticed: (text) => void lines.push(text),
    closed: (error) => void lines.push(`closed: ${error?.message ?? '-'}`),
  });
  return lines;
}

describe('a line for people at the other end', () => {
  let network: Network;
  let dialer: Transport;
  let listener: Transport;
  let atDialer: string[];
  let atListener: string[];

  beforeEach(async () => {
    network = new Network(new VirtualClock());
    dialer = network.dial();
    await network.pass(10);
    listener = network.accepted[0]!;
    atDialer = readersOf(dialer);
    atListener = readersOf(listener);
    await network.pass(10);
  });

  const notices = (wire: Wire) => {
    const sent: Uint8Array[] = [];
    wire.onSend = (frame) => {
      if (isResumeMessage(frame)) sent.push(frame);
    };
    return sent;
  };

  it('goes both ways', async () => {
    listener.notify?.('taken by alice');
    dialer.notify?.('taken by bob');
    await network.pass(10);
    expect(atDialer).to.deep.equal(['taken by alice']);
    expect(atListener).to.deep.equal(['taken by bob']);
  });

  it('has no control characters, and one that has nothing else is none', async () => {
    listener.notify?.('\u001b[2Jgone\r\n\u202eback');
    listener.notify?.('\u0007');
    await network.pass(10);
    expect(atDialer).to.deep.equal(['[2Jgone back']);
  });

  it('of a peer that leaves them in has none either', async () => {
    network.listening.send([ResumeMessage.encode({ name: 'RESUME_NOTICE', text: 'a\u001b]0;b\u0007c' })]);
    await network.pass(10);
    expect(atDialer).to.deep.equal(['a ]0;b c']);
  });

  it('has 512 bytes at most, and ends with a whole character', async () => {
    listener.notify?.(`a${'€'.repeat(200)}`);
    await network.pass(10);
    expect(atDialer).to.deep.equal([`a${'€'.repeat(170)}`]);
  });

  it('is one of ten in ten seconds: the sender sends no more', async () => {
    const sent = notices(network.listening);
    for (let count = 1; count <= 12; count += 1) listener.notify?.(`line ${count}`);
    await network.pass(10);
    expect(sent).to.have.length(10);
    expect(atDialer.at(-1)).to.equal('line 10');
    await network.pass(10_000, 100);
    listener.notify?.('later');
    await network.pass(10);
    expect(atDialer.at(-1)).to.equal('later');
  });

  it('of a peer that sends more is dropped, and the session goes on', async () => {
    const wire = network.listening;
    for (let count = 1; count <= 500; count += 1) {
      wire.send([ResumeMessage.encode({ name: 'RESUME_NOTICE', text: `line ${count}` })]);
    }
    await network.pass(10);
    expect(atDialer).to.have.length(10);
    await network.pass(10_000, 100);
    wire.send([ResumeMessage.encode({ name: 'RESUME_NOTICE', text: 'later' })]);
    await network.pass(10);
    expect(atDialer.at(-1)).to.equal('later');
  });

  it('is not said while the connection is cut, nor to an end that cannot resume', async () => {
    network.cut();
    await network.pass(1);
    listener.notify?.('lost');
    await network.pass(5000, 10);
    listener.notify?.('heard');
    await network.pass(10);
    expect(atDialer).to.deep.equal(['heard']);
  });

  it('that is no UTF-8 ends the session as a mistake of the peer', async () => {
    const wire = network.listening;
    const frame = joinParts(ResumeMessage.encode({ name: 'RESUME_NOTICE', text: 'ab' }));
    frame[15] = 0xff;
    wire.send([[frame]]);
    await network.pass(10);
    expect(atDialer).to.have.length(1);
    expect(atDialer[0]).to.match(/^closed: .*not UTF-8/);
  });
});
