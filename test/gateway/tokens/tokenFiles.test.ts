import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { redeemFromFile, redeemFromFolder } from '../../../src/gateway/tokens/tokenFiles.ts';
import { failureOf, temporaryFolder } from '../../transports/listening.ts';

const FILE = `# consoles
pc1: 10.0.0.5:5900
pc2:	unix_socket:/run/qemu.sock
  indented: 10.0.0.6:5900
v6: [fe80::1]:5901
usb: desk
pc1: 10.9.9.9:1
odd: http://10.0.0.7/
`;

describe('gateway: tokens in files', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeEach(async () => (folder = await temporaryFolder()));
  afterEach(() => folder.remove());

  it("reads websockify's file: the first line of a token counts, anew at each use, as often as it is used", async () => {
    const file = join(folder.path, 'tokens');
    writeFileSync(file, FILE);
    const places = async (...tokens: string[]) =>
      Promise.all(tokens.map(async (token) => (await redeemFromFile(file, token)).place));
    expect(await places('pc1', 'pc1', 'pc2', 'v6')).to.deep.equal([
      'tcp://10.0.0.5:5900',
      'tcp://10.0.0.5:5900',
      'unix:/run/qemu.sock',
      'tcp://[fe80::1]:5901',
    ]);
    expect(await redeemFromFile(file, 'usb'))
      .to.include({ target: 'desk' })
      .and.not.have.property('place');
    writeFileSync(file, 'pc1: 10.0.0.8:5900\n');
    expect(await places('pc1')).to.deep.equal(['tcp://10.0.0.8:5900']);
    expect(await failureOf(redeemFromFile(file, 'pc2'))).to.include({ code: 'WRONG_TOKEN' });
  });

  it('reads a folder of such files, and one with a file for each token', async () => {
    writeFileSync(join(folder.path, 'a'), 'pc1: h:1\n');
    writeFileSync(join(folder.path, 'b'), 'pc2: h:2\n');
    mkdirSync(join(folder.path, 'c'));
    expect(await redeemFromFile(folder.path, 'pc2')).to.include({ place: 'tcp://h:2' });
    writeFileSync(join(folder.path, 'pc3'), 'h:3\n');
    expect(await redeemFromFolder(folder.path, 'pc3')).to.include({ place: 'tcp://h:3' });
    for (const name of ['none', 'c']) {
      expect(await failureOf(redeemFromFolder(folder.path, name)), name).to.include({ code: 'WRONG_TOKEN' });
    }
  });

  it('a token is no path and no pattern, and what it gives is a place', async () => {
    const file = join(folder.path, 'tokens');
    writeFileSync(file, FILE);
    mkdirSync(join(folder.path, 'in'));
    for (const token of [
      '../tokens',
      '..',
      '.',
      '',
      'a/b',
      '/etc/passwd',
      'a\0',
      '.*',
      'x'.repeat(257),
      '# consoles',
    ]) {
      expect(await failureOf(redeemFromFolder(join(folder.path, 'in'), token)), token).to.include({
        code: 'WRONG_TOKEN',
      });
      expect(await failureOf(redeemFromFile(file, token)), token).to.include({ code: 'WRONG_TOKEN' });
    }
    expect((await failureOf(redeemFromFile(file, 'odd'))).message).to.match(/no HOST:PORT, unix_socket:PATH or name/);
    expect(await failureOf(redeemFromFile(file, 'indented'))).to.include({ code: 'WRONG_TOKEN' });
  });

  it('a user is named after the token, which nobody can find from that', async () => {
    const file = join(folder.path, 'tokens');
    writeFileSync(file, FILE);
    const { user, target } = await redeemFromFile(file, 'pc1');
    expect(user).to.match(/^token [0-9a-f]{12}$/);
    expect(target).to.equal(`the target of ${user}`);
  });

  it('a file that is not there is told as that, and not as a wrong token', async () => {
    const error = await failureOf(redeemFromFile(join(folder.path, 'none'), 'pc1'));
    expect(error).to.include({ code: 'UPSTREAM_FAILED' });
    expect(error.message).to.not.include(folder.path);
  });
});
