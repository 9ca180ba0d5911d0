import { once } from 'node:events';
import { expect } from 'chai';
import { fromHex, toHex } from '../../codecs/core/json.ts';
import { protocolNamed, PROTOCOLS } from '../../codecs/protocols.ts';
import { loadVectors, type Vector } from '../codecs/vectors.ts';
import { openInput, run, spawnProgram, start } from './program.ts';

/** Structures, which nothing but a context tells from messages, or from each other. */
const STRUCTURES = [
  'CHANNEL_DEF',
  'TS_VIRTUALCHANNEL_CAPABILITYSET',
  'USB_DEVICE_CAPABILITIES',
  'USB_BUS_NOTIFICATION',
  'USB_HUB_NAME',
  'TS_USBD_INTERFACE_INFORMATION',
  'TS_USBD_PIPE_INFORMATION',
  'USBD_ISO_PACKET_DESCRIPTOR',
  'TS_USBD_INTERFACE_INFORMATION_RESULT',
  'TS_USBD_PIPE_INFORMATION_RESULT',
];

const CANCEL_REQUEST = '05000040000000000001000021000000';
const CANCELLED = { interfaceId: 5, messageId: 0, requestId: 33 };
const json = (text: string): unknown[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown);

/** The line of input that stands for a vector. */
function lineOf(layer: string, { from, hex, context, folder, lenient }: Vector): string {
  return JSON.stringify({
    layer,
    from,
    hex,
    context:
      layer === 'usb' || protocolNamed(layer)?.decode === undefined || STRUCTURES.includes(folder) ? folder : context,
    lenient,
  });
}

async function decodeJson(lines: readonly string[], ...args: string[]) {
  const { status, stdout, stderr } = await run(['decode', '--json', ...args], { stdin: lines.join('\n') });
  return { status, stderr, results: json(stdout) as Record<string, unknown>[] };
}

describe('urbdrc decode and encode: test vectors', () => {
  for (const { name: layer } of PROTOCOLS) {
    const vectors = loadVectors(layer);
    const good = vectors.filter(({ error, folder }) => error === undefined && folder !== 'captures');
    const bad = vectors.filter(({ error }) => error !== undefined);

    it(`${layer}: every vector decodes, and encodes again`, async () => {
      const decoded = await run(['decode', '--json'], { stdin: good.map((each) => lineOf(layer, each)).join('\n') });
      expect(decoded.stderr).to.equal('');
      expect(decoded.status).to.equal(0);
      const encoded = await run(['encode'], { stdin: decoded.stdout });
      expect(encoded).to.include({ status: 0, stderr: '' });
      const expected = good.map(({ hex, reencode }) => toHex(fromHex(reencode ?? hex)));
      expect(encoded.stdout.split('\n').slice(0, -1)).to.deep.equal(expected);
      const names = json(decoded.stdout).map((each) => (each as { name: string }).name);
      good.forEach(({ value, folder }, index) => {
        const { name } = value as { name?: string };
        expect(names[index]).to.be.oneOf([name, folder]);
      });
    });

    if (bad.length === 0) continue;
    it(`${layer}: every bad vector is refused, and the error says where`, async () => {
      const { status, results } = await decodeJson(bad.map((each) => lineOf(layer, each)));
      expect(status).to.equal(1);
      const errors = results.map(({ error }) => error as Record<string, unknown>);
      bad.forEach(({ error: expected }, index) => expect(errors[index]).to.deep.include(expected));
      for (const error of errors) {
        expect(error).to.have.all.keys('code', 'offset', 'path', 'message', 'spec');
        const section = String(error['spec']).replace(/^(.*) (\S+)$/, '[$1] $2');
        const place = `(offset ${String(error['offset'])}, ${section})`;
        expect(String(error['message']).endsWith(place), place).to.be.true;
      }
    });
  }

  it('urbdrc: messages whose sender is not told decode all the same', async () => {
    const good = loadVectors('urbdrc').filter(
      ({ error, folder, lenient }) => error === undefined && lenient !== true && !STRUCTURES.includes(folder),
    );
    const lines = good.map(({ hex, context }) =>
      JSON.stringify({ hex, context: context?.['requestCompletion'] === 16 ? undefined : context }),
    );
    const { status, results } = await decodeJson(lines);
    expect(status).to.equal(0);
    expect(results.map(({ name }) => name)).to.deep.equal(good.map(({ value }) => (value as { name: string }).name));
  });
});

describe('urbdrc decode: input', () => {
  it('prints the name, the section and every field in one line', async () => {
    expect(await run(['decode', CANCEL_REQUEST])).to.deep.equal({
      status: 0,
      stdout: 'CANCEL_REQUEST [MS-RDPEUSB] 2.2.6.1 interfaceId=5 messageId=0 requestId=33\n',
      stderr: '',
    });
  });

  it('--json prints one object a line', async () => {
    const { stdout } = await run(['decode', '--json', CANCEL_REQUEST, CANCEL_REQUEST]);
    const result = { name: 'CANCEL_REQUEST', spec: 'MS-RDPEUSB 2.2.6.1', value: CANCELLED };
    expect(json(stdout)).to.deep.equal([result, result]);
  });

  const digits = {
    'upper case': CANCEL_REQUEST.toUpperCase(),
    spaces: '05 00 00 40  00 00 00 00 00 01 00 00 21 00 00 00',
    'tabs and a CR at the end': '05000040\t00000000\t0001000021000000\r',
    colons: '05:00:00:40:00:00:00:00:00:01:00:00:21:00:00:00',
    dashes: '05-00-00-40-00-00-00-00-00-01-00-00-21-00-00-00',
    '0x in front': `0x${CANCEL_REQUEST}`,
    '0x everywhere': '0x05, 0x00, 0x00, 0x40, 0x00000000, 0x00, 0x01, 0x0000, 0x21000000',
    'a byte order mark': `\ufeff${CANCEL_REQUEST}`,
    'an object': JSON.stringify({ hex: CANCEL_REQUEST }),
    'an object with all keys': JSON.stringify({ layer: 'urbdrc', from: 'server', hex: CANCEL_REQUEST, context: null }),
    'an object in other letters': JSON.stringify({ layer: 'URBDRC', from: 'Server', hex: CANCEL_REQUEST, context: '' }),
    'an object whose sender is either': JSON.stringify({ from: 'either', hex: CANCEL_REQUEST, note: 'ignored' }),
  };
  for (const [what, line] of Object.entries(digits)) {
    it(`takes ${what}`, async () => {
      const { status, results } = await decodeJson([line]);
      expect(results).to.deep.equal([{ name: 'CANCEL_REQUEST', spec: 'MS-RDPEUSB 2.2.6.1', value: CANCELLED }]);
      expect(status).to.equal(0);
    });
  }

  it('gives one line for each that is not blank, in order, whatever fails', async () => {
    const lines = ['\ufeff', CANCEL_REQUEST, '', 'zz', '   ', '0', '{"hex":', '{}', '[]', '"00"', '', CANCEL_REQUEST];
    const { status, stderr, results } = await decodeJson(lines);
    expect(results.map(({ name, error }) => name ?? (error as { message: string }).message)).to.deep.equal([
      'CANCEL_REQUEST',
      'not hex: character "z" at digit 0',
      'not hex: 1 digits do not make whole bytes',
      (results[3]?.['error'] as { message: string }).message,
      'the line has no "hex"',
      'not a JSON object',
      'not a JSON object',
      'CANCEL_REQUEST',
    ]);
    expect((results[3]?.['error'] as { message: string }).message).to.match(/^not JSON: /);
    expect(results[1]).to.have.nested.property('error.code', 'BAD_INPUT');
    expect(stderr).to.equal('urbdrc: 6 of 8 lines failed\n');
    expect(status).to.equal(1);
  });

  it('a line says layer, sender and context; options are for lines that do not', async () => {
    const lines = [
      '{"layer":"dvc","from":"server","hex":"100755524244524300"}',
      '{"layer":"ts_urb","hex":"080007000100000000"}',
      CANCEL_REQUEST,
      '{"layer":"smb","hex":"00"}',
      '{"from":"nobody","hex":"00"}',
      '{"context":{"function":9},"hex":"00"}',
      '{"context":{"requestCompletion":"x"},"hex":"00"}',
      '{"context":[],"hex":"00"}',
    ];
    const { results } = await decodeJson(lines, '--from', 'server');
    expect(results.map(({ name, error }) => name ?? (error as { message: string }).message)).to.deep.equal([
      'DYNVC_CREATE_REQ',
      'TsUrb.Size: is 8, but the TsUrb has 9 bytes (offset 0, [MS-RDPEUSB] 2.2.9.1.1)',
      'CANCEL_REQUEST',
      '"layer": "smb" is none, use one of rdp, svc, dvc, urbdrc, ts-urb, ts-urb-result, usb, usbip, usbredir, cssp, spnego, ntlm, resume',
      '"from": "nobody" is nobody, use client or server',
      '"context": function is not known here, use urbFunction, requestCompletion or failed',
      '"x" is no interface id',
      '"context": use a name, a number or {"urbFunction","requestCompletion"}',
    ]);
  });

  it('ends lines at LF alone: other line separators may be in strings, and are escaped in output', async () => {
    const text = { name: 'QUERY_DEVICE_TEXT_RSP', value: { interfaceId: 5, messageId: 1, deviceDescription: '' } };
    const value = { ...text.value, deviceDescription: 'a\u2028b\u0085c\u001b[31m\u009b' };
    const { stdout: hex } = await run(['encode', JSON.stringify({ ...text, value: { ...value, hResult: 0 } })]);
    const { stdout } = await run(['decode', '--json', '--from', 'client', hex.trim()]);
    expect(stdout).to.match(/^[\x20-\x7e]+\n$/);
    expect(json(stdout)[0]).to.deep.nested.include({ 'value.deviceDescription': value.deviceDescription });
    const again = await run(['encode'], { stdin: `${JSON.stringify({ ...text, value: { ...value, hResult: 0 } })}\n` });
    expect(again.stdout).to.equal(hex);
    const plain = await run(['decode', '--from', 'client', hex.trim()]);
    expect(plain.stdout).to.match(/^[\x20-\x7e]+\n$/);
  });

  it('of two refusals it shows the one that got further', async () => {
    const addDevice = loadVectors('urbdrc', (folder) => folder === 'ADD_DEVICE').find((each) => !each.error);
    const cut = toHex(fromHex(addDevice?.hex ?? '')).slice(0, 200);
    const { results } = await decodeJson([cut]);
    expect((results[0]?.['error'] as { path: string[] }).path[0]).to.equal('ADD_DEVICE');
  });

  it('--lenient takes bytes after the last field, and still tells who sent a message', async () => {
    expect((await run(['decode', `${CANCEL_REQUEST}00`])).stdout).to.match(/^error: .* 1 bytes follow the last field/);
    const { status, stdout } = await run(['decode', '--lenient', `${CANCEL_REQUEST}00`]);
    expect(stdout).to.match(/^CANCEL_REQUEST /);
    expect(status).to.equal(0);
    const channelCreated = '030000400000000000010000010000000000000000000000';
    expect((await run(['decode', '--lenient', channelCreated])).stdout).to.match(/^CHANNEL_CREATED /);
  });
});

describe('urbdrc decode: context', () => {
  const frameNumber = '0c0000000000000045230100';
  const names = ['URB_FUNCTION_GET_CURRENT_FRAME_NUMBER', 'GET_CURRENT_FRAME_NUMBER', 'get_current_frame_number'];
  const structures = ['TS_URB_GET_CURRENT_FRAME_NUMBER', 'TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT'];
  const contexts = [...names, ...structures, 7, '7', '0x07', { urbFunction: 7 }, { urbFunction: '0x7' }];
  for (const context of [...contexts, { urbFunction: 'GET_CURRENT_FRAME_NUMBER', requestCompletion: 16 }]) {
    it(`takes ${JSON.stringify(context)} for the function of a result`, async () => {
      const { results } = await decodeJson([JSON.stringify({ layer: 'ts-urb-result', hex: frameNumber, context })]);
      expect(results[0]).to.deep.nested.include({
        name: 'TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT',
        'value.frameNumber': 0x12345,
      });
    });
  }

  const completion = '10000040000000000201000044000000' + `0c000000${frameNumber}` + '0000000000000000';
  for (const context of ['GET_CURRENT_FRAME_NUMBER', { urbFunction: 7, requestCompletion: '0x10' }]) {
    it(`takes ${JSON.stringify(context)} for the function of a completion`, async () => {
      const { results } = await decodeJson([JSON.stringify({ from: 'client', hex: completion, context })]);
      expect(results[0]).to.deep.nested.include({ 'value.tsUrbResult.frameNumber': 0x12345 });
    });
  }

  it('takes a number for the completion interface of a message', async () => {
    for (const context of ['16', '0x10']) {
      expect((await run(['decode', '--from', 'client', '--context', context, completion])).status).to.equal(0);
    }
    const { stdout } = await run(['decode', '--from', 'client', '--context', '17', completion]);
    expect(stdout).to.match(/^error: SHARED_MSG_HEADER.FunctionId: 0x102 is unknown on this interface/);
  });

  it('without a function what follows the header of a result stays as it is', async () => {
    const { results } = await decodeJson([JSON.stringify({ layer: 'ts-urb-result', hex: frameNumber })]);
    expect(results[0]).to.deep.nested.include({ 'value.unparsed': '45230100' });
  });

  it('names a structure', async () => {
    const descriptor = '09021900010100803209040000010301010007058103080008';
    const lines = [
      { layer: 'svc', hex: '08000000030000000300010000000000', context: 'CHANNEL_PDU_HEADER' },
      { layer: 'svc', hex: '647264796e766300000080c0', context: 'channel_def' },
      { layer: 'urbdrc', hex: '8006000100001200', context: 'SetupPacket' },
      { hex: descriptor, context: 'DESCRIPTORS' },
    ].map((line) => JSON.stringify(line));
    const { results, status } = await decodeJson(lines);
    expect(status).to.equal(0);
    const found = results.map(({ name }) => name);
    expect(found).to.deep.equal(['CHANNEL_PDU_HEADER', 'CHANNEL_DEF', 'SetupPacket', 'DESCRIPTORS']);
    const { stdout } = await run(['encode'], { stdin: results.map((each) => JSON.stringify(each)).join('\n') });
    expect(stdout.split('\n')[3]).to.equal(descriptor);
  });

  it('static channel structures are told apart without it', async () => {
    const { stdout } = await run(['decode', '--layer', 'svc', '647264796e766300000080c0', '1400080001000000']);
    expect(stdout).to.equal(
      'CHANNEL_DEF [MS-RDPBCGR] 2.2.1.3.4.1 name=drdynvc options=3229614080\n' +
        'TS_VIRTUALCHANNEL_CAPABILITYSET [MS-RDPBCGR] 2.2.7.1.10 flags=1\n',
    );
  });
});

describe('urbdrc encode', () => {
  const message = { name: 'CANCEL_REQUEST', value: CANCELLED };

  it('takes what decode prints, the value alone, and test vectors', async () => {
    const forms = [
      message,
      { name: message.name, ...CANCELLED },
      { name: 'a case', value: { ...CANCELLED, name: message.name } },
    ];
    const { stdout, status } = await run(['encode', ...forms.map((form) => JSON.stringify(form))]);
    expect(stdout).to.equal(`${CANCEL_REQUEST}\n`.repeat(3));
    expect(status).to.equal(0);
  });

  it('gives an empty line for what it cannot encode, and says why', async () => {
    const lines = [
      message,
      { value: {} },
      { name: 'NO_MESSAGE', value: {} },
      { name: 'CANCEL_REQUEST', value: 5 },
      { name: 'CANCEL_REQUEST', value: { ...CANCELLED, requestId: -1 } },
      { name: 'CANCEL_REQUEST', value: {} },
      { name: 'SetupPacket', value: {} },
      { error: { code: 'TRUNCATED', message: 'cut' } },
      { name: 'TRANSFER_OUT_REQUEST', value: null },
      message,
    ].map((line) => JSON.stringify(line));
    const { stdout, stderr, status } = await run(['encode'], { stdin: [...lines, 'x'].join('\n') });
    expect(stdout.split('\n')).to.deep.equal([CANCEL_REQUEST, ...Array<string>(8).fill(''), CANCEL_REQUEST, '', '']);
    expect(status).to.equal(1);
    const said = stderr.split('\n').slice(0, -1);
    expect(said).to.have.length(10);
    for (const line of said) expect(line).to.match(/^urbdrc: .*(name|value|NO_MESSAGE|CANCEL|Setup|error|JSON|lines)/);
    expect(said.at(-1)).to.equal('urbdrc: 9 of 11 lines failed');
  });
});

describe('names that every object inherits', () => {
  const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty'];
  const ids = { interfaceId: 5, messageId: 0 };
  const values = (name: string) => [
    { name, value: {} },
    { name: 'DESCRIPTORS', value: [{ name }] },
    { name: 'ERECT_DOMAIN_REQUEST', value: { name } },
    { name: 'TS_DATA_PDU', value: { name } },
    { name: 'TS_URB_PIPE_REQUEST', value: { name, requestId: 1, urbFunction: 2, noAck: false } },
    { name: 'TS_URB_RESULT_HEADER', value: { name, usbdStatus: 0 } },
    {
      name: 'TRANSFER_IN_REQUEST',
      value: { ...ids, outputBufferSize: 0, tsUrb: { name, requestId: 1, urbFunction: 2, noAck: false } },
    },
    {
      name: 'URB_COMPLETION_NO_DATA',
      value: { ...ids, requestId: 1, hResult: 0, outputBufferSize: 0, tsUrbResult: { name, usbdStatus: 0 } },
    },
    { name: 'RIMCALL_RELEASE', value: { ...ids, mask: name } },
  ];

  for (const name of names) {
    it(`${name}: encode says what it is not, and decode takes it for no layer and no structure`, async () => {
      const lines = values(name).map((line) => JSON.stringify(line));
      const encoded = await run(['encode'], { stdin: lines.join('\n') });
      expect(encoded.stdout).to.equal('\n'.repeat(lines.length));
      const said = encoded.stderr.split('\n').slice(0, lines.length);
      for (const [index, line] of said.entries()) expect(line, lines[index]).to.match(/^urbdrc: .*(is no|name is) /);
      const { results } = await decodeJson([
        JSON.stringify({ layer: name, hex: '00' }),
        JSON.stringify({ context: name, hex: '00' }),
        JSON.stringify({ context: { urbFunction: name }, hex: '00' }),
      ]);
      for (const { error } of results) expect(error).to.have.property('code', 'BAD_INPUT');
    });
  }

  it('a member __proto__ of a line is a member like others', async () => {
    const { stdout } = await run([
      'encode',
      '{"name":"CANCEL_REQUEST","__proto__":{},"value":' + JSON.stringify(CANCELLED) + '}',
    ]);
    expect(stdout).to.equal(`${CANCEL_REQUEST}\n`);
  });
});

describe('urbdrc decode: as a process', () => {
  it('converts many lines through a pipe, slowly read, without losing any', async () => {
    const count = 20_000;
    const child = spawnProgram(['decode', '--json']);
    child.stdin.end(`${CANCEL_REQUEST}\n`.repeat(count));
    let text = '';
    for await (const chunk of child.stdout) text += String(chunk);
    expect(text.split('\n').slice(0, -1)).to.have.length(count);
  });

  it('ends quietly when its reader has enough', async () => {
    const child = spawnProgram(['decode']);
    let said = '';
    child.stderr.on('data', (chunk) => (said += String(chunk)));
    const exit = once(child, 'exit');
    // It may be gone before it has read all of this.
    child.stdin.on('error', () => {});
    child.stdin.end(`${CANCEL_REQUEST}\n`.repeat(100_000));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    expect(await exit).to.deep.equal([0, null]);
    expect(said).to.equal('');
  });

  it('answers each line when it comes', async () => {
    const stdin = openInput();
    const running = start(['decode'], { stdin });
    for (let count = 1; count <= 3; count += 1) {
      stdin.write(`${CANCEL_REQUEST}\n`);
      await new Promise<void>((resolve) => {
        running.stdout.watch(() => {
          if (running.stdout.lines.length !== count) return false;
          resolve();
          return true;
        });
      });
    }
    stdin.end();
    expect(await running.exit).to.equal(0);
  });
});
