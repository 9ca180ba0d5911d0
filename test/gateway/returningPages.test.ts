import { expect } from 'chai';
import { PassThrough } from 'node:stream';
import type { Page } from '../../src/gateway/gateway.ts';
import { ReturningPages } from '../../src/gateway/returningPages.ts';
import { VirtualClock } from '../devices/virtualClock.ts';

const TICKET = { user: 'alice', target: 'desk' };
const HOLD = 25_000;

function pageOf(visitor: string | undefined, query: string): Page {
  const request = { query, authorization: undefined, ...(visitor !== undefined && { visitor }) };
  return Object.assign(new PassThrough(), { remote: 'wss://page', request, hold: () => {} });
}

describe('pages that come back with the token that they used', () => {
  let clock: VirtualClock;
  let pages: ReturningPages;
  beforeEach(() => {
    clock = new VirtualClock();
    pages = new ReturningPages(HOLD, clock);
  });

  it('are known while their connection is there, and for the hold after it', () => {
    const page = pageOf('browser', 'token=T&page=1');
    pages.came(page, 'T', TICKET);
    clock.advance(10 * HOLD);
    expect(pages.find(pageOf('browser', 'token=T&page=1'), 'T')).to.include({ ticket: TICKET, page });
    pages.left(page);
    clock.advance(HOLD - 1);
    expect(pages.find(pageOf('browser', 'token=T&page=1'), 'T')).to.deep.include({ ticket: TICKET, page: undefined });
    clock.advance(1);
    expect(pages.find(pageOf('browser', 'token=T&page=1'), 'T')).to.equal(undefined);
  });

  it('are no others: another token, browser, page, one without a cookie, or without a name', () => {
    pages.came(pageOf('browser', 'token=T&page=1'), 'T', TICKET);
    pages.came(pageOf(undefined, 'token=U&page=1'), 'U', TICKET);
    pages.came(pageOf('browser', 'token=V'), 'V', TICKET);
    for (const [visitor, query, token] of [
      ['browser', 'page=1', 'X'],
      ['another', 'page=1', 'T'],
      ['browser', 'page=2', 'T'],
      ['browser', '', 'T'],
      [undefined, 'page=1', 'T'],
      [undefined, 'page=1', 'U'],
      ['browser', '', 'V'],
    ] as const) {
      expect(pages.find(pageOf(visitor, query), token), `${visitor} ${query} ${token}`).to.equal(undefined);
    }
  });

  it('the connection that was cut does not end what came after it', () => {
    const [first, second] = [pageOf('browser', 'page=1'), pageOf('browser', 'page=1')];
    pages.came(first, 'T', TICKET);
    pages.came(second, 'T', TICKET);
    pages.left(first);
    clock.advance(2 * HOLD);
    expect(pages.find(pageOf('browser', 'page=1'), 'T')?.page).to.equal(second);
  });

  it('nobody comes back without a hold, and 10,000 are known at most', () => {
    const never = new ReturningPages(0, clock);
    never.came(pageOf('browser', 'page=1'), 'T', TICKET);
    expect(never.find(pageOf('browser', 'page=1'), 'T')).to.equal(undefined);
    const first = pageOf('browser', 'page=0');
    pages.came(first, 'T', TICKET);
    for (let index = 1; index <= 10_000; index += 1) pages.came(pageOf('browser', `page=${index}`), 'T', TICKET);
    expect(pages.find(pageOf('browser', 'page=9999'), 'T')).not.to.equal(undefined);
    const late = pageOf('browser', 'page=10000');
    expect(pages.find(late, 'T')).to.equal(undefined);
    pages.left(first);
    clock.advance(HOLD);
    pages.came(late, 'T', TICKET);
    expect(pages.find(late, 'T')).not.to.equal(undefined);
  });
});
