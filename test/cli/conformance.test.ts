import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { CLIENT_REQUIREMENTS } from '../../src/conformance/client/requirements.ts';
import { OsrFx2 } from '../../src/devices/virtual/osrFx2.ts';
import { VirtualDevices } from '../../src/devices/virtual/virtualDevices.ts';
import { Scene } from './connections.ts';
import { run } from './program.ts';

interface JsonReport {
  readonly results: readonly { readonly exchange: readonly object[] }[];
}

describe('urbdrc conformance', () => {
  let scene: Scene;
  let devices: VirtualDevices;

  beforeEach(async () => {
    scene = await Scene.begin();
    devices = new VirtualDevices();
    devices.add(new OsrFx2());
  });

  afterEach(async () => {
    await scene.end();
    await devices.close();
  });

  const redirecting = () => scene.listen(['redirect', '--device', '0547:1002'], 'tcp://127.0.0.1:0', { devices });
  const grade = (...args: string[]) => ['conformance', 'client', '--quiet', '30', ...args];

  it('grades a client that listens, over a connection for each requirement', async () => {
    const { url } = await redirecting();
    const { status, stdout, stderr } = await run(grade('--connect', url));
    expect(stderr).to.equal('');
    expect(status).to.equal(0);
    expect(stdout).to.match(/^pass {2}C01 .*\(\[MS-RDPEUSB\] 1\.3\.1\.1/);
    expect(stdout).to.match(/\nclient: 29 passed, 0 failed, 4 not applicable\n$/);
    expect(stdout.match(/^(pass|n\/a ) {2}C\d\d /gm)).to.have.length(CLIENT_REQUIREMENTS.length);
  });

  it('grades a client that dials, and ends with 1 when a requirement failed, the bytes in the report', async () => {
    const file = scene.file('report.json');
    const args = grade('--only', 'C05', '--devices', '2', '--format', 'json', '--out', file);
    const { running, url } = await scene.listen(args, 'tcp://127.0.0.1:0');
    scene.start(['redirect', '--device', '0547:1002', '--connect', url], { devices });
    expect(await running.exit).to.equal(1);
    expect(running.stderr.lines.at(-1)).to.equal('urbdrc: 1 of 1 requirements failed');
    const report = JSON.parse(await readFile(file, 'utf8')) as JsonReport;
    expect(report).to.include({ graded: 'client', passed: 0, failed: 1 });
    expect(report.results[0]).to.include({
      id: 'C05',
      outcome: 'fail',
      reason: 'the number of devices is 1, must be 2',
    });
    expect(report.results[0]?.exchange.at(-1)).to.have.keys('time', 'direction', 'channelId', 'text', 'hex');
  });

  it('grades a server that listens', async () => {
    const { url } = await scene.listen(['serve'], 'tcp://127.0.0.1:0');
    const { status, stdout } = await run([
      'conformance',
      'server',
      '--quiet',
      '30',
      '--only',
      'S01,S07,S15',
      '--connect',
      url,
    ]);
    expect(stdout).to.match(/^pass {2}S01 /);
    expect(stdout).to.match(/\nserver: 2 passed, 0 failed, 1 not applicable\n$/);
    expect(status).to.equal(0);
  });

  it('writes JUnit XML to standard output', async () => {
    const { url } = await redirecting();
    const { status, stdout } = await run(grade('--connect', url, '--only', 'C24,C02', '--format', 'junit'));
    expect(status).to.equal(0);
    expect(stdout).to.match(
      /^<\?xml .*\n<testsuite name="urbdrc conformance client" tests="2" failures="0" skipped="1"/,
    );
    expect(stdout).to.include('<skipped message="no device is known to leave a request hanging"/>');
  });

  it('is told what a device does', async () => {
    const { url } = await redirecting();
    const { stdout } = await run(grade('--connect', url, '--only', 'C24', '--trait', 'loopback', '--trait', 'hangs'));
    expect(stdout).to.match(
      /^FAIL {2}C24 .*\n {6}a request that the device never answered|^FAIL {2}C24 .*\n {6}a Timeout/,
    );
  });

  it('says in one line that there is nobody to grade, and what is asked for wrongly', async () => {
    const refused = await run(grade('--connect', `unix:${scene.file('nobody')}`));
    expect(refused.status).to.equal(1);
    expect(refused.stderr).to.match(/^urbdrc: .*nobody.*\n$/);
    for (const [args, message] of [
      [['--only', 'C99', '--connect', 'unix:x'], /no requirement C99/],
      [['--trait', 'sings', '--connect', 'unix:x'], /give one of loopback/],
      [['--quiet', '0', '--connect', 'unix:x'], /not a positive number/],
      [['--devices', 'x', '--connect', 'unix:x'], /not a whole number/],
      [[], /say where the other end is/],
    ] as const) {
      const { status, stderr } = await run(['conformance', 'client', ...args]);
      expect(status).to.equal(2);
      expect(stderr).to.match(message);
    }
  });

  it('says what should run at the other end when nobody listens there', async () => {
    const url = `unix:${scene.file('nobody')}`;
    for (const [args, other] of [
      [['conformance', 'client'], 'redirect'],
      [['conformance', 'server'], 'serve'],
      [['serve'], 'redirect'],
      [['redirect', '--virtual', 'keyboard'], 'serve'],
    ] as const) {
      const { status, stderr } = await run([...args, '--connect', url]);
      expect([status, stderr.endsWith(` (is \`urbdrc ${other}\` running there?)\n`)], stderr).to.deep.equal([1, true]);
    }
  });

  it('takes --timeout, and its former name --patience, which no help mentions', async () => {
    for (const name of ['--timeout', '--patience']) {
      const { stderr } = await run(['conformance', 'client', name, '0', '--connect', 'unix:x']);
      expect(stderr, name).to.match(/not a positive number of milliseconds/);
    }
    const { stdout } = await run(['conformance', '--help']);
    expect(stdout)
      .to.match(/--timeout <ms>/)
      .and.not.match(/patience/);
  });

  it('can be stopped while it waits for a client', async () => {
    const { running } = await scene.listen(grade(), 'tcp://127.0.0.1:0');
    running.stop();
    expect(await running.exit).to.equal(1);
    expect(running.stderr.lines.at(-1)).to.equal('urbdrc: stopped before all requirements were tested');
  });
});
