import { once } from 'node:events';
import { Writable } from 'node:stream';
import { expect } from 'chai';
import { DesktopPainter } from '../../../transports/rdp/desktopPainter.ts';
import { VirtualClock } from '../../devices/virtualClock.ts';

/** A client that takes bytes when the test says so. */
class SlowClient extends Writable {
  taken = 0;
  #waiting: { readonly size: number; readonly done: () => void } | undefined;
  takes = true;

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.#waiting = { size: chunk.byteLength, done };
    if (this.takes) this.take();
  }

  take(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.taken += waiting?.size ?? 0;
    waiting?.done();
  }
}

describe('painting the desktop', () => {
  const DESKTOP = new Uint8Array(50_000);
  const set = (paint: () => Uint8Array | undefined = () => DESKTOP) => {
    const client = new SlowClient();
    const clock = new VirtualClock();
    return { client, clock, painter: new DesktopPainter(client, paint, clock) };
  };

  it('happens at once, and then once a second, however often it is asked for', () => {
    const { client, clock, painter } = set();
    for (let millisecond = 0; millisecond < 10_000; millisecond += 1) {
      painter.request();
      painter.request();
      clock.advance(1);
    }
    expect(client.taken / DESKTOP.byteLength).to.equal(11);
  });

  it('makes up for a request that came too early, once', () => {
    const { client, clock, painter } = set();
    painter.request();
    clock.advance(10);
    painter.request();
    expect(client.taken).to.equal(DESKTOP.byteLength);
    clock.advance(989);
    expect(client.taken).to.equal(DESKTOP.byteLength);
    clock.advance(1);
    expect(client.taken).to.equal(2 * DESKTOP.byteLength);
    expect(clock.pending).to.equal(0);
  });

  it('waits for a client that takes nothing, with no more than that waiting for it', () => {
    const { client, clock, painter } = set();
    client.takes = false;
    for (let second = 0; second < 100; second += 1) {
      painter.request();
      clock.advance(1000);
    }
    expect(client.writableLength).to.equal(2 * DESKTOP.byteLength);
    client.takes = true;
    client.take();
    clock.advance(1000);
    expect(client.taken).to.equal(3 * DESKTOP.byteLength);
  });

  it('does not happen while nothing can be painted, nor after the end', async () => {
    let isActive = false;
    const { client, clock, painter } = set(() => (isActive ? DESKTOP : undefined));
    painter.request();
    clock.advance(5000);
    expect(client.taken).to.equal(0);
    isActive = true;
    painter.request();
    expect(client.taken).to.equal(DESKTOP.byteLength);
    painter.request();
    expect(clock.pending).to.equal(1);
    client.destroy();
    await once(client, 'close');
    expect(clock.pending).to.equal(0);
    clock.advance(1000);
    painter.request();
    expect(client.taken).to.equal(DESKTOP.byteLength);
  });
});
