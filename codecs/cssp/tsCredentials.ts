import {
  berContext,
  BerTag,
  readBer,
  readBerContext,
  readBerInteger,
  readBerOptional,
  wrapBer,
  writeBerContext,
  writeBerInteger,
} from '../core/ber.ts';
import { codec } from '../core/message.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';

/** credType of {@link TsCredentials}, [MS-CSSP] 2.2.1.2. */
export const CredType = { PASSWORD: 1, SMART_CARD: 2 } as const;

/** TSPasswordCreds in TSCredentials, [MS-CSSP] 2.2.1.2.1. */
export interface TsPasswordCredentials {
  readonly name: 'TSCredentials';
  readonly credType: typeof CredType.PASSWORD;
  readonly domainName: string;
  readonly userName: string;
  readonly password: string;
}

/** TSSmartCardCreds in TSCredentials, [MS-CSSP] 2.2.1.2.2. */
export interface TsSmartCardCredentials {
  readonly name: 'TSCredentials';
  readonly credType: typeof CredType.SMART_CARD;
  readonly pin: string;
  readonly cspData: TsCspDataDetail;
  readonly userHint?: string;
  readonly domainHint?: string;
}

/** Where the key of a smart card is, [MS-CSSP] 2.2.1.2.2.1. */
export interface TsCspDataDetail {
  readonly keySpec: number;
  readonly cardName?: string;
  readonly readerName?: string;
  readonly containerName?: string;
  readonly cspName?: string;
}

/** What the server gets once it has proven that it is the right one, [MS-CSSP] 2.2.1.2. */
export type TsCredentials = TsPasswordCredentials | TsSmartCardCredentials;

export const TsCredentials = codec<TsCredentials>({
  name: 'TSCredentials',
  spec: { document: 'MS-CSSP', section: '2.2.1.2' },
  decode(reader) {
    const credentials = readBer(reader, BerTag.SEQUENCE, 'SEQUENCE');
    const readCredentials = readBerContext(credentials, 0, 'credType', (element) => {
      const credType = readBerInteger(element, 'credType');
      if (credType === CredType.PASSWORD) return readPassword;
      if (credType === CredType.SMART_CARD) return readSmartCard;
      throw element.error('UNKNOWN_MESSAGE', 'credType', `${credType} is neither a password nor a smart card`, 1);
    });
    const value = readBerContext(credentials, 1, 'credentials', (element) => {
      const wrapped = readBer(element, BerTag.OCTET_STRING, 'credentials');
      const content = readCredentials(wrapped);
      wrapped.end();
      return content;
    });
    credentials.end();
    return value;
  },
  write(out, value) {
    const start = out.position;
    writeBerContext(out, 0, () => writeBerInteger(out, value.credType, 'credType'));
    const tagged = out.position;
    if (value.credType === CredType.PASSWORD) writeTexts(out, 0, value.domainName, value.userName, value.password);
    else writeSmartCard(out, value);
    for (const tag of [BerTag.SEQUENCE, BerTag.OCTET_STRING, berContext(1)]) wrapBer(out, tagged, tag);
    wrapBer(out, start, BerTag.SEQUENCE);
  },
});

function readPassword(reader: Reader): TsPasswordCredentials {
  const content = readBer(reader, BerTag.SEQUENCE, 'TSPasswordCreds');
  const domainName = readBerContext(content, 0, 'domainName', textOf('domainName'));
  const userName = readBerContext(content, 1, 'userName', textOf('userName'));
  const password = readBerContext(content, 2, 'password', textOf('password'));
  content.end();
  return { name: 'TSCredentials', credType: CredType.PASSWORD, domainName, userName, password };
}

function readSmartCard(reader: Reader): TsSmartCardCredentials {
  const content = readBer(reader, BerTag.SEQUENCE, 'TSSmartCardCreds');
  const pin = readBerContext(content, 0, 'pin', textOf('pin'));
  const cspData = readBerContext(content, 1, 'cspData', readCspData);
  const userHint = readBerOptional(content, 2, 'userHint', textOf('userHint'));
  const domainHint = readBerOptional(content, 3, 'domainHint', textOf('domainHint'));
  content.end();
  return {
    name: 'TSCredentials',
    credType: CredType.SMART_CARD,
    pin,
    cspData,
    ...(userHint !== undefined && { userHint }),
    ...(domainHint !== undefined && { domainHint }),
  };
}

function readCspData(reader: Reader): TsCspDataDetail {
  const content = readBer(reader, BerTag.SEQUENCE, 'TSCspDataDetail');
  const keySpec = readBerContext(content, 0, 'keySpec', (element) => readBerInteger(element, 'keySpec'));
  const cardName = readBerOptional(content, 1, 'cardName', textOf('cardName'));
  const readerName = readBerOptional(content, 2, 'readerName', textOf('readerName'));
  const containerName = readBerOptional(content, 3, 'containerName', textOf('containerName'));
  const cspName = readBerOptional(content, 4, 'cspName', textOf('cspName'));
  content.end();
  return {
    keySpec,
    ...(cardName !== undefined && { cardName }),
    ...(readerName !== undefined && { readerName }),
    ...(containerName !== undefined && { containerName }),
    ...(cspName !== undefined && { cspName }),
  };
}

/** Reads an OCTET STRING of UTF-16. */
function textOf(field: string) {
  return (element: Reader): string => {
    const string = readBer(element, BerTag.OCTET_STRING, field);
    return string.utf16(Math.floor(string.remaining / 2), field);
  };
}

function writeSmartCard(out: Writer, { pin, cspData, userHint, domainHint }: TsSmartCardCredentials): void {
  writeTexts(out, 0, pin);
  writeBerContext(out, 1, () => {
    const start = out.position;
    writeBerContext(out, 0, () => writeBerInteger(out, cspData.keySpec, 'keySpec'));
    writeTexts(out, 1, cspData.cardName, cspData.readerName, cspData.containerName, cspData.cspName);
    wrapBer(out, start, BerTag.SEQUENCE);
  });
  writeTexts(out, 2, userHint, domainHint);
}

/** Writes OCTET STRINGs of UTF-16, tagged by their places from `first` on, without those that are not there. */
function writeTexts(out: Writer, first: number, ...texts: readonly (string | undefined)[]): void {
  texts.forEach((text, index) => {
    if (text === undefined) return;
    writeBerContext(out, first + index, () => {
      const start = out.position;
      out.utf16(text);
      wrapBer(out, start, BerTag.OCTET_STRING);
    });
  });
}
