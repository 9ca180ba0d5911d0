import { expect } from 'chai';
import { Hub, type HubOptions } from '../../src/hub/hub.ts';
import type { HubEvent, HubQuestion, Person } from '../../src/hub/hubDevice.ts';
import { rulePolicy } from '../../src/policy/decide.ts';
import { parseRules } from '../../src/policy/ruleText.ts';
import { CompositeDevice } from '../../src/devices/virtual/compositeDevice.ts';
import { VirtualClock } from '../devices/virtualClock.ts';
import { turns } from '../engine/stack.ts';
import { FakeSink, FakeSource, told } from './hubFakes.ts';

const policy = (text: string) => rulePolicy({ rules: parseRules(text, 'rules').rules, otherwise: 'deny' });

/** A person whose answers a test gives. */
class FakePerson implements Person {
  unavailable: string | undefined;
  readonly questions: {
    readonly question: HubQuestion;
    readonly withdrawn: AbortSignal;
    answer(isYes: boolean): void;
  }[] = [];

  ask(question: HubQuestion, withdrawn: AbortSignal): Promise<boolean> {
    return new Promise((answer) => this.questions.push({ question, withdrawn, answer }));
  }
}

function scene(options: Partial<HubOptions> = {}) {
  const clock = new VirtualClock();
  const events: string[] = [];
  const hub = new Hub({ clock, onEvent: (event) => events.push(told(event)), ...options });
  return { hub, clock, events, source: new FakeSource(), left: new FakeSink('left'), right: new FakeSink('right') };
}

describe('a hub', () => {
  it('attaches devices that were there before it and devices that come, and keeps a row for each', async () => {
    const { hub, events, source, left } = scene();
    const first = source.plug('1-1');
    await hub.addSink(left);
    await hub.addSource(source);
    const second = source.plug('1-2');
    await turns(3);
    expect(left.attached.map(({ device }) => device.identity)).to.deep.equal([first.identity, second.identity]);
    expect(hub.devices.map(({ id, device, state }) => [id, device, state.name])).to.deep.equal([
      [1, first, 'attached'],
      [2, second, 'attached'],
    ]);
    expect(events).to.deep.equal(['sinkAdded left', 'sourceAdded fake', 'attached 1 left', 'attached 2 left']);
  });

  it('keeps devices until a sink comes', async () => {
    const { hub, source, left } = scene();
    await hub.addSource(source);
    source.plug();
    await turns(3);
    expect(hub.devices.map(({ state }) => state.name)).to.deep.equal(['free']);
    await hub.addSink(left);
    expect(hub.devices.map(({ state }) => state.name)).to.deep.equal(['attached']);
    expect(source.refused).to.deep.equal([]);
  });

  it('forgets a device that is gone, and takes the one that comes back for another', async () => {
    const { hub, events, source, left } = scene();
    await hub.addSink(left);
    await hub.addSource(source);
    const device = source.plug();
    await turns(3);
    source.unplug(device);
    await turns(3);
    expect(hub.devices).to.deep.equal([]);
    source.plug();
    await turns(3);
    expect(events.slice(2)).to.deep.equal(['attached 1 left', 'gone 1', 'ended 1 left: unplugged', 'attached 2 left']);
  });

  it('passes over devices that are not wanted, and says nothing of them', async () => {
    const { hub, events, source, left } = scene({ isWanted: ({ identity }) => identity.portPath === '1-2' });
    await hub.addSink(left);
    await hub.addSource(source);
    source.plug('1-1');
    source.plug('1-2');
    await turns(3);
    expect(events.slice(2)).to.deep.equal(['attached 1 left']);
    expect(source.refused).to.deep.equal([]);
  });

  it('gives sinks the device that the decorator makes', async () => {
    const { hub, source, left } = scene({
      decorate: (device) => ({ ...device, identity: { ...device.identity, productId: 9 } }),
    });
    await hub.addSink(left);
    await hub.addSource(source);
    source.plug();
    await turns(3);
    expect(left.attached[0]?.device.identity.productId).to.equal(9);
  });

  describe('with a policy', () => {
    it('attaches what it allows, and has its source take back what it denies', async () => {
      const { hub, events, source, left } = scene({ policy: policy('allow port 1-1\n') });
      await hub.addSink(left);
      await hub.addSource(source);
      source.plug('1-1');
      const denied = source.plug('1-2');
      await turns(3);
      expect(events.slice(2)).to.deep.equal([
        'decided 1: allowed by allow port 1-1 (rules:1)',
        'decided 2: denied by default: no rule matches',
        'attached 1 left',
      ]);
      expect(source.refused).to.deep.equal([[denied, 'denied by default: no rule matches']]);
      expect(hub.devices.map(({ state }) => state.name)).to.deep.equal(['attached', 'denied']);
    });

    for (const [rules, isAsked] of [
      ['allow * interfaces 2', false],
      ['ask * interfaces 2', true],
    ] as const)
      it(`gives sinks only the interfaces of ${rules}, and leaves the others alone`, async () => {
        const opened: unknown[] = [];
        class Composite extends CompositeDevice {
          override open(interfaceNumbers?: readonly number[]): Promise<void> {
            opened.push(interfaceNumbers);
            return super.open();
          }
        }
        const person = new FakePerson();
        const { hub, source, left } = scene({ policy: policy(`${rules}\n`), person });
        await hub.addSink(left);
        await hub.addSource(source);
        source.plug('1-1', 1, new Composite());
        await turns(3);
        if (isAsked) person.questions[0]?.answer(true);
        await turns(3);
        const device = left.attached[0]!.device;
        const numbers = device.configurations[0]?.interfaces.map(({ interfaceNumber }) => interfaceNumber);
        expect(numbers).to.deep.equal([2]);
        await device.open();
        expect(opened).to.deep.equal([[2]]);
        await device.close();
      });

    it('asks the person, once for each device, and follows the answer', async () => {
      const person = new FakePerson();
      const { hub, source, left } = scene({ policy: policy('ask *\n'), person });
      await hub.addSink(left);
      await hub.addSource(source);
      source.plug('1-1');
      const refused = source.plug('1-2');
      await turns(3);
      expect(person.questions.map(({ question }) => question.entry.id)).to.deep.equal([1, 2]);
      expect(hub.devices.map(({ state }) => state.name)).to.deep.equal(['asked', 'asked']);
      person.questions[1]?.answer(false);
      person.questions[0]?.answer(true);
      await turns(3);
      expect(hub.devices.map(({ state }) => state.name)).to.deep.equal(['attached', 'denied']);
      expect(source.refused).to.deep.equal([[refused, 'denied: the answer was no']]);
    });

    it('an answer that comes after the device is gone accepts nothing', async () => {
      const person = new FakePerson();
      const { hub, source, left } = scene({ policy: policy('ask *\n'), person });
      await hub.addSink(left);
      await hub.addSource(source);
      const device = source.plug('1-1');
      await turns(3);
      source.unplug(device);
      source.plug('1-1', 2);
      await turns(3);
      expect(person.questions[0]?.withdrawn.aborted).to.equal(true);
      person.questions[0]?.answer(true);
      await turns(3);
      expect(left.attached).to.deep.equal([]);
      expect(hub.devices.map(({ state }) => state.name)).to.deep.equal(['asked']);
    });

    it('denies where nobody can be asked, and says why', async () => {
      const person = new FakePerson();
      person.unavailable = 'there is no terminal';
      const { hub, events, source } = scene({ policy: policy('ask *\n'), person });
      await hub.addSource(source);
      source.plug('1-1');
      await turns(3);
      expect(events.slice(1)).to.deep.equal([
        'decided 1: to be asked for by ask * (rules:1), but there is no terminal',
      ]);
    });

    it('knows a device of this machine that comes back at its port as another', async () => {
      const { hub, clock, events, source } = scene({ policy: policy('allow 1209:0001\n') });
      await hub.addSource(source);
      for (const pause of [5000, 20_000]) {
        const device = source.plug('1-1', 1);
        await turns(3);
        source.unplug(device);
        clock.advance(pause);
        const other = source.plug('1-1', 2);
        await turns(3);
        source.unplug(other);
        clock.advance(20_000);
      }
      // It would follow the one before, if it were no keyboard.
      expect(events.filter((line) => line.startsWith('decided'))).to.deep.equal([
        'decided 1: allowed by allow 1209:0001 (rules:1)',
        'decided 2: denied by deny interface 03/01/01 (safe default: keyboards stay with the person who types)',
        'decided 3: allowed by allow 1209:0001 (rules:1)',
        'decided 4: denied by default: no rule matches',
      ]);
    });

    it('follows nothing that another machine offers: it can claim any port', async () => {
      const person = new FakePerson();
      const { hub, source: _, ...rest } = scene({ policy: policy('ask *\n'), person });
      const source = new FakeSource('client', '127.0.0.1');
      await hub.addSink(rest.left);
      await hub.addSource(source);
      const device = source.plug('1-1');
      await turns(3);
      person.questions[0]?.answer(true);
      await turns(3);
      source.unplug(device);
      source.plug('1-1');
      await turns(3);
      expect(person.questions).to.have.length(2);
    });
  });

  describe('with several sinks', () => {
    it('gives a device to the next one when one rejects it', async () => {
      const { hub, events, source, left, right } = scene();
      left.rejection = new Error('no port is free');
      await hub.addSink(left);
      await hub.addSink(right);
      await hub.addSource(source);
      source.plug();
      await turns(3);
      expect(events.slice(3)).to.deep.equal(['rejected 1 left: no port is free', 'attached 1 right']);
      expect(source.refused).to.deep.equal([]);
    });

    it('has the source take a device back that all of them reject', async () => {
      const { hub, source, left } = scene();
      left.rejection = new Error('no port is free');
      await hub.addSink(left);
      await hub.addSource(source);
      const device = source.plug();
      await turns(3);
      expect(source.refused).to.deep.equal([[device, 'no port is free']]);
    });

    it('gives the devices of a sink that ends to another one', async () => {
      const { hub, events, source, left, right } = scene();
      await hub.addSink(left);
      await hub.addSink(right);
      await hub.addSource(source);
      source.plug();
      await turns(3);
      left.fail(new Error('the server is gone'));
      await turns(5);
      expect(events.slice(4)).to.have.members([
        'ended 1 left: closed',
        'attached 1 right',
        'sinkRemoved left: the server is gone',
      ]);
    });

    it('does not push a device that a sink returned onto another', async () => {
      const { hub, source, left, right } = scene();
      await hub.addSink(left);
      await hub.addSink(right);
      await hub.addSource(source);
      source.plug();
      await turns(3);
      left.attached[0]?.finish({ reason: 'returned' });
      await turns(3);
      expect(hub.devices.map(({ state }) => state.name)).to.deep.equal(['free']);
      expect(right.attached).to.deep.equal([]);
    });

    it('has the source take a device back that a sink refused', async () => {
      const { hub, source, left } = scene();
      await hub.addSink(left);
      await hub.addSource(source);
      const device = source.plug();
      await turns(3);
      left.attached[0]?.finish({ reason: 'refused' });
      await turns(3);
      expect(source.refused.map(([each]) => each)).to.deep.equal([device]);
    });
  });

  describe('at an end', () => {
    it('removeSink takes the devices back, which stay free', async () => {
      const { hub, source, left } = scene();
      await hub.addSink(left);
      await hub.addSource(source);
      source.plug();
      await turns(3);
      await hub.removeSink(left);
      expect(left.attached.map(({ isReleased }) => isReleased)).to.deep.equal([true]);
      expect(left.isClosed).to.equal(false);
      expect(hub.devices.map(({ state }) => state.name)).to.deep.equal(['free']);
      expect(hub.sinks).to.deep.equal([]);
    });

    it('removeSource releases its devices and listens no more', async () => {
      const { hub, source, left } = scene();
      await hub.addSink(left);
      await hub.addSource(source);
      source.plug();
      await turns(3);
      await hub.removeSource(source);
      source.plug('1-2');
      await turns(3);
      expect(left.attached.map(({ isReleased }) => isReleased)).to.deep.equal([true]);
      expect([hub.devices, hub.sources, source.listeners]).to.deep.equal([[], [], 0]);
    });

    it('a source that ends by itself is removed', async () => {
      const { hub, events, source, left } = scene();
      await hub.addSink(left);
      await hub.addSource(source);
      source.plug();
      await turns(3);
      source.fail(new Error('the client is gone'));
      await turns(3);
      expect(events.slice(3)).to.have.members([
        'gone 1',
        'ended 1 left: released',
        'sourceRemoved fake: the client is gone',
      ]);
      expect([hub.devices, hub.sources]).to.deep.equal([[], []]);
    });

    it('a device that goes while a sink takes it is released', async () => {
      const { hub, source, left } = scene();
      let open = () => {};
      left.gate = new Promise((resolve) => (open = resolve));
      await hub.addSink(left);
      await hub.addSource(source);
      source.plug();
      await turns(3);
      expect(hub.devices.map(({ state }) => state.name)).to.deep.equal(['attaching']);
      const removed = hub.removeSource(source);
      open();
      await removed;
      await turns(3);
      expect(left.attached.map(({ isReleased }) => isReleased)).to.deep.equal([true]);
    });

    it('close releases everything and closes sources and sinks', async () => {
      const { hub, source, left } = scene();
      await hub.addSink(left);
      await hub.addSource(source);
      source.plug();
      await turns(3);
      await hub.close();
      expect([source.isClosed, left.isClosed, left.attached[0]?.isReleased]).to.deep.equal([true, true, true]);
    });
  });

  describe('whatever is thrown', () => {
    const fail = () => {
      throw new Error('broken');
    };

    it('a callback that throws is told, and the device is attached', async () => {
      const events: string[] = [];
      const { hub, source, left } = scene({
        onEvent: (event) => {
          if (event.type === 'sinkAdded') fail();
          events.push(told(event));
        },
      });
      await hub.addSink(left);
      await hub.addSource(source);
      source.plug();
      await turns(3);
      expect(events).to.deep.equal(['failed: broken', 'sourceAdded fake', 'attached 1 left']);
    });

    it('a policy that throws denies', async () => {
      const { hub, events, source } = scene({ policy: fail });
      await hub.addSource(source);
      source.plug();
      await turns(3);
      expect(events.slice(1)).to.deep.equal(['failed: broken', 'decided 1: the policy failed']);
    });

    it('a decorator that throws has the device taken back', async () => {
      const { hub, events, source, left } = scene({ decorate: fail });
      await hub.addSink(left);
      await hub.addSource(source);
      const device = source.plug();
      await turns(3);
      expect(events.at(-1)).to.equal('rejected 1 left: broken');
      expect(source.refused).to.deep.equal([[device, 'broken']]);
    });

    it('has the device taken back about which a callback throws, and goes on', async () => {
      const { hub, events, source, left } = scene({
        isWanted: ({ identity }) => (identity.portPath === '1-1' ? fail() : true),
      });
      await hub.addSink(left);
      const before = source.plug('1-1');
      await hub.addSource(source);
      const after = source.plug('1-1');
      source.plug('1-2');
      await turns(3);
      expect(events.slice(2)).to.deep.equal(['failed: broken', 'failed: broken', 'attached 1 left']);
      expect(source.refused).to.deep.equal([
        [before, 'broken'],
        [after, 'broken'],
      ]);
    });

    for (const [how, person] of [
      ['rejects', { unavailable: undefined, ask: () => Promise.reject(new Error('broken')) }],
      ['throws', { unavailable: undefined, ask: fail }],
      [
        'cannot tell whether somebody is there',
        {
          get unavailable() {
            return fail();
          },
          ask: fail,
        },
      ],
    ] as const) {
      it(`a person that ${how} denies`, async () => {
        const { hub, events, source, left } = scene({ policy: policy('ask *\n'), person });
        await hub.addSink(left);
        await hub.addSource(source);
        const device = source.plug();
        await turns(3);
        expect(events.slice(2)).to.deep.equal(['failed: broken', 'decided 1: the person could not be asked']);
        expect(source.refused).to.deep.equal([[device, 'the person could not be asked']]);
      });
    }

    it('an event whose promise rejects is told', async () => {
      const events: string[] = [];
      const onEvent: (event: HubEvent) => unknown = async (event) => {
        events.push(told(event));
        await Promise.resolve();
        if (event.type === 'sourceAdded') fail();
      };
      const { hub, source } = scene({ onEvent });
      await hub.addSource(source);
      await turns(1);
      expect(events).to.deep.equal(['sourceAdded fake', 'failed: broken']);
    });

    it('a source, a sink or an attachment whose end rejects has ended with that error', async () => {
      const { hub, events, source, left, right } = scene();
      Object.assign(left, { closed: Promise.reject(new Error('no sink')) });
      await hub.addSink(left);
      await turns(3);
      right.attach = (device) =>
        Promise.resolve({ device, ended: Promise.reject(new Error('no end')), release: () => Promise.resolve() });
      await hub.addSink(right);
      await hub.addSource(source);
      source.plug();
      const broken = new FakeSource('broken');
      Object.assign(broken, { closed: Promise.reject(new Error('no source')) });
      await hub.addSource(broken);
      await turns(3);
      expect(events.slice(1)).to.deep.equal([
        'sinkRemoved left: no sink',
        'sinkAdded right',
        'sourceAdded fake',
        'sourceAdded broken',
        'attached 1 right',
        'ended 1 right: failed',
        'sourceRemoved broken: no source',
      ]);
    });

    it('a source that throws does not stop the others', async () => {
      const { hub, events, source, left } = scene();
      const broken = new FakeSource('broken');
      broken.watch = fail;
      await hub.addSink(left);
      await hub.addSource(broken);
      await hub.addSource(source);
      source.plug();
      await turns(3);
      expect(events.slice(1)).to.deep.equal([
        'sourceAdded broken',
        'failed: broken',
        'sourceAdded fake',
        'attached 1 left',
      ]);
    });
  });
});
