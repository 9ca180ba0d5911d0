import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import type { WebSocket } from 'ws';
import { errorOfClose, farewellFor } from '../../../transports/webSocket/closeCodes.ts';
import { MessageStream } from '../../../transports/webSocket/messageStream.ts';
import { TransportError } from '../../../transports/transportError.ts';
import { VirtualClock } from '../../devices/virtualClock.ts';

/** As much of a WebSocket as pings need. */
class PingedSocket extends EventEmitter {
  readonly readyState = 1;
  bufferedAmount = 0;
  pongs = 0;
  pong(): void {
    this.pongs += 1;
  }
  terminate(): void {}
}

describe('transports: the stream of a WebSocket', () => {
  it('answers pings, but not those of a peer that leaves 256 KiB unread', () => {
    const socket = new PingedSocket();
    const clock = new VirtualClock();
    const options = { remote: 'ws://peer:1', subProtocol: 'urbdrc.v1', heartbeat: 0, clock } as const;
    const stream = new MessageStream(socket as unknown as WebSocket, options);
    for (const [waiting, pongs] of [
      [0, 1],
      [256 * 1024 - 1, 2],
      [256 * 1024, 2],
      [0, 3],
    ] as const) {
      socket.bufferedAmount = waiting;
      socket.emit('ping', Buffer.alloc(125));
      expect(socket.pongs, `${waiting} bytes wait`).to.equal(pongs);
    }
    stream.destroy();
  });
});

describe('transports: why a WebSocket is closed', () => {
  it('has a reason of at most 123 bytes in whole characters, on one line, without the name of who reads it', () => {
    const error = new TransportError('WRONG_TOKEN', `ws://peer:1: ${'ü'.repeat(100)}`);
    expect(farewellFor(error, 'ws://peer:1')).to.deep.equal({ code: 4401, reason: 'ü'.repeat(61) });
    expect(farewellFor(new TransportError('SYSTEM', 'two\nlines'), 'ws://peer:1')).to.deep.equal({
      code: 4400,
      reason: 'two lines',
    });
  });

  it('is an error but for the ordinary ends', () => {
    for (const code of [1000, 1001, 1005]) expect(errorOfClose({ code, reason: 'x' }, 'ws://p')).to.equal(undefined);
    expect(errorOfClose({ code: 1006, reason: '' }, 'ws://p')).to.include({ code: 'CONNECTION_LOST' });
    expect(errorOfClose({ code: 4429, reason: 'later' }, 'ws://p')).to.include({ code: 'TOO_MANY_CONNECTIONS' });
    expect(errorOfClose({ code: 4999, reason: 'a\x1b[2Jb' }, 'ws://p')?.message).to.equal(
      'ws://p closed the connection: a [2Jb (WebSocket close code 4999)',
    );
  });
});
