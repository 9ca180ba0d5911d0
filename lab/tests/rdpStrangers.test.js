// Whoever else calls at urbdrc serve --listen rdp://.
import { expect } from 'chai';
import { connect } from 'node:net';
import { SLOW, Stage, startScreen } from './freerdpStage.js';

describe('who is no FreeRDP with USB devices ends in one line', () => {
  /** @type {Awaited<ReturnType<typeof startScreen>>} */
  let screen;
  /** @type {Stage} */
  let stage;

  before(async () => (screen = await startScreen()));
  after(() => screen.stop());

  beforeEach(async () => (stage = await Stage.open()));
  afterEach(() => stage.end());

  it('rdesktop, which knows no USB devices', async function () {
    const { server, port } = await stage.serve();
    // It asks whether the certificate is to be trusted.
    const client = stage.start('bash', '-c', `yes yes | rdesktop -u ali -p 'open sesame' 127.0.0.1:${port}`);
    await server.waitForLine(/^client .* connected$/, SLOW);
    await server.waitForLine(/^client .* disconnected: the client refuses the channel URBDRC/, SLOW);
    await client.exit;
  });

  it('a port scan: connect and close, random bytes, a TLS hello alone; a client is served afterwards', async function () {
    const { server, port } = await stage.serve();
    for (const bytes of ['', '0102030405', '16030100c8010000c4', '474554202f20485454502f312e310d0a0d0a']) {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      socket.end(Buffer.from(bytes, 'hex'));
      await server.waitForLine(/^refused rdp:/, SLOW);
    }
    const half = Array.from({ length: 200 }, () => connect(port, '127.0.0.1').on('error', () => {}));
    await server.waitForLine(/^refused .* gave way to a newer connection/, SLOW);
    for (const socket of half) socket.destroy();
    const client = stage.freerdp(port, '/usb:id,dev:1:1');
    await server.waitForLine(/^client .* connected$/, SLOW);
    await client.stop();
    // Ten lines in ten seconds; the others are counted.
    expect(server.lines.filter((line) => /^refused/.test(line))).to.have.length.below(60);
  });
});
