import { expect } from 'chai';
import { UsageError } from '../../../codecs/core/errors.ts';
import { fromHex } from '../../../codecs/core/json.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import { encodeUrbdrcMessage, type UrbdrcMessage } from '../../../codecs/urbdrc/decode.ts';
import { maskOf } from '../../../codecs/urbdrc/header.ts';
import { QiRsp } from '../../../codecs/urbdrc/interfaceManipulation.ts';
import { URBDRC_MESSAGES } from '../../../codecs/urbdrc/messages.ts';
import { decodeErrorOf, loadVectors } from '../vectors.ts';

const encode = (message: UrbdrcMessage) => () => encodeUrbdrcMessage(message);

describe('encoding URBDRC messages', () => {
  it('refuses interface ids of more than 30 bits (2.2.1)', () => {
    const value = { name: 'ADD_VIRTUAL_CHANNEL', interfaceId: 0x4000_0001, messageId: 0 } as const;
    expect(encode(value)).to.throw(UsageError, 'ADD_VIRTUAL_CHANNEL.InterfaceId: 1073741825 is not an interface id');
  });

  it('refuses a completion interface of more than 30 bits (2.2.6.2)', () => {
    const value = { name: 'REGISTER_REQUEST_CALLBACK', interfaceId: 5, messageId: 0, requestCompletion: -1 } as const;
    expect(encode(value)).to.throw(UsageError, 'REGISTER_REQUEST_CALLBACK.RequestCompletion');
  });

  it('refuses a new interface of more than 30 bits ([MS-RDPEXPS] 2.2.2.1.2)', () => {
    const mask = 'STREAM_ID_STUB';
    const value = { name: 'QI_RSP', interfaceId: 5, mask, messageId: 0, newInterfaceId: 2 ** 30 } as const;
    expect(encode(value)).to.throw(UsageError, 'QI_RSP.NewInterfaceId');
  });

  it('refuses a GUID that is not 16 bytes ([MS-RDPEXPS] 2.2.2.1.1)', () => {
    const value = {
      name: 'RIMCALL_QUERYINTERFACE',
      interfaceId: 5,
      mask: 'STREAM_ID_PROXY',
      messageId: 0,
      newInterfaceGuid: new Uint8Array(15),
    } as const;
    expect(encode(value)).to.throw(UsageError, 'RIMCALL_QUERYINTERFACE.NewInterfaceGUID: 15 bytes are no GUID');
  });

  it('refuses numbers that their field cannot hold', () => {
    const value = { name: 'CANCEL_REQUEST', interfaceId: 5, messageId: 0, requestId: 2 ** 32 } as const;
    expect(encode(value)).to.throw(UsageError, 'CANCEL_REQUEST.RequestId');
  });

  it('hands payloads through without copying them', () => {
    const outputBuffer = Uint8Array.of(1, 2, 3);
    const tsUrbResult = { name: 'TS_URB_RESULT_HEADER', usbdStatus: 0 } as const;
    const ids = { interfaceId: 16, messageId: 0, requestId: 1, hResult: 0 };
    const completion = encodeUrbdrcMessage({ name: 'URB_COMPLETION', ...ids, tsUrbResult, outputBuffer });
    expect(completion.at(-1)).to.equal(outputBuffer);
    const ioControl = encodeUrbdrcMessage({ name: 'IOCONTROL_COMPLETION', ...ids, information: 3, outputBuffer });
    expect(ioControl.at(-1)).to.equal(outputBuffer);
  });
});

describe('one message’s codec', () => {
  it('refuses the header of every other message', () => {
    for (const codec of URBDRC_MESSAGES) {
      const others = loadVectors('urbdrc', (folder) => folder !== codec.name && isRequest(folder));
      if (codec.functionId === undefined) continue;
      for (const { hex, file } of others) {
        const bytes = fromHex(hex);
        const functionId = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
        if (functionId === codec.functionId) continue;
        const error = decodeErrorOf(() => codec.decode(new Reader(bytes, codec.name, codec.spec, { lenient: true })));
        expect(error, `${codec.name} took ${file}`).not.to.equal(undefined);
      }
    }
  });

  it('refuses a mask that the message cannot have (2.2.1)', () => {
    const bytes = fromHex('050000800000000000010000 21000000');
    const cancel = URBDRC_MESSAGES.find(({ name }) => name === 'CANCEL_REQUEST');
    const error = decodeErrorOf(() => cancel?.decode(new Reader(bytes, 'CANCEL_REQUEST', cancel.spec)));
    expect(error?.message).to.equal(
      'CANCEL_REQUEST.Mask: STREAM_ID_STUB instead of STREAM_ID_PROXY (offset 0, [MS-RDPEUSB] 2.2.6.1)',
    );
  });

  it('takes IronRDP’s QI_RSP, which repeats the mask of the request ([MS-RDPEXPS] 2.2.2.1.2)', () => {
    const reader = new Reader(fromHex('0500004009000000'), QiRsp.name, QiRsp.spec);
    expect(QiRsp.decode(reader)).to.deep.equal({
      name: 'QI_RSP',
      interfaceId: 5,
      mask: 'STREAM_ID_PROXY',
      messageId: 9,
    });
  });

  it('masks are the top two bits, and the fourth value is none (2.2.1)', () => {
    expect([0, 0x4000_0000, 0x8000_0005, 0xc000_0000].map(maskOf)).to.deep.equal([
      'STREAM_ID_NONE',
      'STREAM_ID_PROXY',
      'STREAM_ID_STUB',
      undefined,
    ]);
  });
});

/** Whether a folder's vectors all have the 12 bytes of a header with FunctionId. */
function isRequest(folder: string): boolean {
  return URBDRC_MESSAGES.some(({ name, functionId }) => name === folder && functionId !== undefined);
}
