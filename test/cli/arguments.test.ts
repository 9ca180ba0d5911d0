import { expect } from 'chai';
import { run } from './program.ts';

const COMMANDS = ['list', 'doctor', 'redirect', 'serve', 'demo', 'decode', 'encode', 'replay', 'conformance'];

/** One line, and no more. */
function expectOneLine(text: string): void {
  expect(text).to.match(/^urbdrc: [^\n]+\n$/);
}

describe('urbdrc: arguments', () => {
  it('shows its commands when it is asked for nothing, which is wrong', async () => {
    const { status, stdout, stderr } = await run([]);
    expect(status).to.equal(2);
    expect(stdout).to.equal('');
    for (const command of COMMANDS) expect(stderr).to.match(new RegExp(`^  ${command} `, 'm'));
  });

  for (const args of [['--help'], ['help'], ...COMMANDS.map((command) => [command, '--help'])]) {
    it(`${args.join(' ')} has examples, and the status is 0`, async () => {
      const { status, stdout, stderr } = await run(args);
      expect(status).to.equal(0);
      expect(stdout).to.match(/^Examples:\n {2}(urbdrc|echo) /m);
      expect(stderr).to.equal('');
      expect(stdout.split('\n').filter((line) => line.length > 120)).to.deep.equal([]);
    });
  }

  it('tells its version', async () => {
    expect(await run(['--version'])).to.deep.equal({ status: 0, stdout: '0.1.0\n', stderr: '' });
  });

  const tcp = 'tcp://127.0.0.1:1';
  const wrong: Record<string, [args: string[], message: RegExp]> = {
    'an unknown command': [['redirct'], /unknown command 'redirct'; \(Did you mean redirect\?\) \(see urbdrc --help\)/],
    'an unknown option': [['serve', '--lisen', tcp], /unknown option '--lisen'.*\(see urbdrc serve --help\)/],
    'an option that is given twice, and can have one value only': [
      ['serve', '--listen', tcp, '--listen', tcp],
      /option '--listen <url>' can be given once only.*\(see urbdrc serve --help\)/,
    ],
    'the same without a value': [['list', '--json', '--json'], /option '--json' can be given once only/],
    'an option without its value': [['serve', '--listen'], /option '--listen <url>' argument missing/],
    'an argument too many': [['demo', 'please'], /too many arguments/],
    'a layer that does not exist': [
      ['decode', '--layer', 'smb', '00'],
      /Allowed choices are rdp, svc, dvc, urbdrc, ts-urb/,
    ],
    'a sender that does not exist': [['decode', '--from', 'peer', '00'], /Allowed choices are client, server/],
    'a context that means nothing': [['decode', '--context', 'NOTHING', '00'], /"NOTHING" is no URB function/],
    'no device': [['redirect', '--connect', tcp], /say what to redirect: --device VID:PID, .*--virtual/],
    'no other end': [['redirect', '--virtual', 'keyboard'], /--connect URL, or --listen URL/],
    'no place to listen': [['serve'], /--connect URL, or --listen URL/],
    'a device of the server': [['doctor', '--server', '--device', '1:2'], /--device goes with --client/],
    'ids without a colon': [['redirect', '--device', '46f40001', '--connect', tcp], /in hex with a colon/],
    'ids that are not hex': [['redirect', '--device', '46g4:0001', '--connect', tcp], /in hex with a colon/],
    'a port that is none': [['redirect', '--port', 'usb1', '--connect', tcp], /the bus and the chain of ports/],
    'an empty serial number': [['redirect', '--serial', '', '--connect', tcp], /serial number is empty/],
    'a virtual device that does not exist': [
      ['redirect', '--virtual', 'toaster', '--connect', tcp],
      /no virtual device "toaster": use one of stick:IMAGE, keyboard, mouse/,
    ],
    'a stick without an image': [['redirect', '--virtual', 'stick:', '--connect', tcp], /use one of stick:IMAGE/],
    'a virtual and a real device': [
      ['redirect', '--virtual', 'keyboard', '--device', '1:2', '--connect', tcp],
      /'--virtual <what>' cannot be used with option '--device <vid:pid>'/,
    ],
    'a real device that is read-only': [
      ['redirect', '--device', '1:2', '--read-only', '--connect', tcp],
      /--read-only is about --virtual stick:IMAGE/,
    ],
    'dialling and listening': [
      ['redirect', '--virtual', 'keyboard', '--connect', tcp, '--listen', tcp],
      /cannot be used with option/,
    ],
    'a fingerprint to a listener': [
      ['serve', '--listen', 'tls://127.0.0.1:0', '--fingerprint', 'ff'],
      /cannot be used with option '--listen <url>'/,
    ],
    'a certificate to a dialler': [
      ['serve', '--connect', 'tls://127.0.0.1:1', '--cert', 'x'],
      /cannot be used with option '--connect <url>'/,
    ],
    'two tokens': [
      ['serve', '--listen', tcp, '--token', 'a', '--token-file', 'b'],
      /cannot be used with option '--token-file <file>'/,
    ],
    'a token file that is not there': [
      ['serve', '--listen', tcp, '--token-file', '/does/not/exist'],
      /cannot read .*does.not.exist: there is no such file or folder/,
    ],
    'a URL of another kind': [['serve', '--listen', 'http://127.0.0.1:1'], /there is no http:\/\/ here/],
    'a URL without a scheme': [['serve', '--listen', '127.0.0.1:3000'], /did you mean tcp:\/\/127.0.0.1:3000\?/],
    'a relative socket': [['serve', '--listen', 'unix:run.sock'], /absolute/],
    'sectors without a file': [['serve', '--listen', tcp, '--read-sectors', '8'], /--out FILE go together/],
    'a file without sectors': [['serve', '--listen', tcp, '--out', 'x'], /--out FILE go together/],
    'sectors that are no number': [
      ['serve', '--listen', tcp, '--read-sectors', 'all', '--out', 'x'],
      /not a positive whole number/,
    ],
    'listening to all the world without TLS and token': [
      ['serve', '--listen', 'tcp://0.0.0.0:0'],
      /reached from other machines, .*use tls:\/\/ instead of tcp:\/\/ and a token, or listen at 127.0.0.1/,
    ],
    'listening to all the world without a token': [
      ['redirect', '--virtual', 'keyboard', '--listen', 'tls://0.0.0.0:0'],
      /reached from other machines, .*use a token/,
    ],
    'a certificate without a key': [
      ['serve', '--listen', 'tls://127.0.0.1:0', '--cert', new URL(import.meta.url).pathname],
      /cert and key go together/,
    ],
    'a certificate for a tcp:// listener': [
      ['serve', '--listen', 'tcp://127.0.0.1:0', '--cert', new URL(import.meta.url).pathname],
      /cert and key are about TLS/,
    ],
    'a fingerprint for tcp://': [
      ['serve', '--connect', tcp, '--fingerprint', 'ff'],
      /ca, fingerprint and insecure are about TLS/,
    ],
  };
  for (const [what, [args, message]] of Object.entries(wrong)) {
    it(`${what}: one line, status 2`, async () => {
      const { status, stdout, stderr } = await run(args);
      expectOneLine(stderr);
      expect(stderr).to.match(message);
      expect(status).to.equal(2);
      expect(stdout).to.equal('');
    });
  }
});
