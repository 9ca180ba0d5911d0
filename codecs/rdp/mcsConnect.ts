import { codec } from '../core/message.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import {
  BerTag,
  readBer,
  readBerApplication,
  readBerBoolean,
  readBerInteger,
  readBerOctets,
  wrapBer,
  wrapBerApplication,
  writeBerBoolean,
  writeBerInteger,
  writeBerOctets,
} from '../core/ber.ts';

const INITIAL_SPEC = { document: 'MS-RDPBCGR', section: '2.2.1.3' };
const RESPONSE_SPEC = { document: 'MS-RDPBCGR', section: '2.2.1.4' };

/** DomainParameters, [T.125] 7: the limits of an MCS domain. */
export interface DomainParameters {
  readonly maxChannelIds: number;
  readonly maxUserIds: number;
  readonly maxTokenIds: number;
  readonly numPriorities: number;
  readonly minThroughput: number;
  readonly maxHeight: number;
  readonly maxMcsPduSize: number;
  readonly protocolVersion: number;
}

/** MCS Connect-Initial, [MS-RDPBCGR] 2.2.1.3. */
export interface ConnectInitial {
  readonly callingDomainSelector: Uint8Array;
  readonly calledDomainSelector: Uint8Array;
  readonly upwardFlag: boolean;
  readonly targetParameters: DomainParameters;
  readonly minimumParameters: DomainParameters;
  readonly maximumParameters: DomainParameters;
  /** A GCC Conference Create Request. */
  readonly userData: Uint8Array;
}

/** MCS Connect-Response, [MS-RDPBCGR] 2.2.1.4. */
export interface ConnectResponse {
  /** 0 is rt-successful. */
  readonly result: number;
  readonly calledConnectId: number;
  readonly domainParameters: DomainParameters;
  /** A GCC Conference Create Response. */
  readonly userData: Uint8Array;
}

const APPLICATION_CONNECT_INITIAL = 101;
const APPLICATION_CONNECT_RESPONSE = 102;

const PARAMETERS = [
  'maxChannelIds',
  'maxUserIds',
  'maxTokenIds',
  'numPriorities',
  'minThroughput',
  'maxHeight',
  'maxMcsPduSize',
  'protocolVersion',
] as const satisfies readonly (keyof DomainParameters)[];

export const ConnectInitial = codec<ConnectInitial>({
  name: 'CONNECT_INITIAL',
  spec: INITIAL_SPEC,
  decode(reader) {
    const body = readBerApplication(reader, APPLICATION_CONNECT_INITIAL, 'Connect-Initial');
    const value = {
      callingDomainSelector: readBerOctets(body, 'callingDomainSelector'),
      calledDomainSelector: readBerOctets(body, 'calledDomainSelector'),
      upwardFlag: readBerBoolean(body, 'upwardFlag'),
      targetParameters: readParameters(body, 'targetParameters'),
      minimumParameters: readParameters(body, 'minimumParameters'),
      maximumParameters: readParameters(body, 'maximumParameters'),
      userData: readBerOctets(body, 'userData'),
    };
    body.end();
    reader.end();
    return value;
  },
  write(out, value) {
    const start = out.position;
    writeBerOctets(out, value.callingDomainSelector);
    writeBerOctets(out, value.calledDomainSelector);
    writeBerBoolean(out, value.upwardFlag);
    writeParameters(out, value.targetParameters);
    writeParameters(out, value.minimumParameters);
    writeParameters(out, value.maximumParameters);
    writeBerOctets(out, value.userData);
    wrapBerApplication(out, start, APPLICATION_CONNECT_INITIAL);
  },
});

export const ConnectResponse = codec<ConnectResponse>({
  name: 'CONNECT_RESPONSE',
  spec: RESPONSE_SPEC,
  decode(reader) {
    const body = readBerApplication(reader, APPLICATION_CONNECT_RESPONSE, 'Connect-Response');
    const value = {
      result: readBerInteger(body, 'result', BerTag.ENUMERATED),
      calledConnectId: readBerInteger(body, 'calledConnectId'),
      domainParameters: readParameters(body, 'domainParameters'),
      userData: readBerOctets(body, 'userData'),
    };
    body.end();
    reader.end();
    return value;
  },
  write(out, value) {
    const start = out.position;
    writeBerInteger(out, value.result, 'result', BerTag.ENUMERATED);
    writeBerInteger(out, value.calledConnectId, 'calledConnectId');
    writeParameters(out, value.domainParameters);
    writeBerOctets(out, value.userData);
    wrapBerApplication(out, start, APPLICATION_CONNECT_RESPONSE);
  },
});

function readParameters(reader: Reader, field: string): DomainParameters {
  const sequence = readBer(reader, BerTag.SEQUENCE, field);
  const value = {
    maxChannelIds: readBerInteger(sequence, 'maxChannelIds'),
    maxUserIds: readBerInteger(sequence, 'maxUserIds'),
    maxTokenIds: readBerInteger(sequence, 'maxTokenIds'),
    numPriorities: readBerInteger(sequence, 'numPriorities'),
    minThroughput: readBerInteger(sequence, 'minThroughput'),
    maxHeight: readBerInteger(sequence, 'maxHeight'),
    maxMcsPduSize: readBerInteger(sequence, 'maxMcsPduSize'),
    protocolVersion: readBerInteger(sequence, 'protocolVersion'),
  };
  sequence.end();
  return value;
}

function writeParameters(out: Writer, value: DomainParameters): void {
  const start = out.position;
  for (const name of PARAMETERS) writeBerInteger(out, value[name], name);
  wrapBer(out, start, BerTag.SEQUENCE);
}
