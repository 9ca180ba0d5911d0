import { expect } from 'chai';
import fc from 'fast-check';
import { UsageError } from '../../../codecs/core/errors.ts';
import type { FaultScript } from '../../../src/devices/virtual/faultScript.ts';
import { parseFaultScript } from '../../../src/devices/virtual/faultScriptText.ts';

describe('a fault script as text', () => {
  it('may hold every fault and every condition', () => {
    const script: FaultScript = [
      { fault: { type: 'stall' }, operation: 'transferIn', endpointAddress: 0x81, nth: 3 },
      { fault: { type: 'fail', status: 'timedOut' }, operation: 'control', bRequest: 6, every: 2, times: 4 },
      { fault: { type: 'short', length: 1 }, probability: 0.5 },
      { fault: { type: 'babble', extra: 1 } },
      { fault: { type: 'delay', milliseconds: 2.5 } },
      { fault: { type: 'hang' } },
      { fault: { type: 'losePackets', every: 3 } },
      { fault: { type: 'unplug' } },
    ];
    expect(parseFaultScript(JSON.stringify(script))).to.deep.equal(script);
    expect(parseFaultScript('[]')).to.deep.equal([]);
  });

  const wrong: [text: string, message: string][] = [
    ['[', 'the fault script is not JSON: '],
    ['{}', 'the fault script is not a list of rules: put them in [ ]'],
    ['[{"fault":{"type":"stall"}},7]', 'fault rule 2: give an object'],
    ['[{}]', 'fault rule 1, fault: give an object'],
    ['[{"fault":{"type":"melt"}}]', 'fault rule 1, fault: type "melt": use one of stall, fail, short'],
    ['[{"fault":{"type":"toString"}}]', 'fault rule 1, fault: type "toString": use one of'],
    ['[{"fault":{"type":"short"}}]', 'fault rule 1, fault: length is missing'],
    ['[{"fault":{"type":"short","length":"1"}}]', 'fault rule 1, fault: length "1": give a number'],
    ['[{"fault":{"type":"fail","status":"sad"}}]', 'fault rule 1, fault: status "sad": use one of completed'],
    ['[{"fault":{"type":"hang","for":1}}]', 'fault rule 1, fault: for: there is no such property'],
    ['[{"fault":{"type":"hang"},"operation":"bulk"}]', 'fault rule 1: operation "bulk": use one of control'],
    ['[{"fault":{"type":"hang"},"nht":1}]', 'fault rule 1: nht: there is no such property'],
    ['[{"fault":{"type":"hang"},"nth":null}]', 'fault rule 1: nth null: give a number'],
  ];
  for (const [text, message] of wrong) {
    it(`refuses ${text}`, () => expect(() => parseFaultScript(text)).to.throw(UsageError, message));
  }

  it('whatever the text: a script or a UsageError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          expect(parseFaultScript(text)).to.be.an('array');
        } catch (error) {
          expect(error).to.be.instanceOf(UsageError);
        }
      }),
    );
  });
});
