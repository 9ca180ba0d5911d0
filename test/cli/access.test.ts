import { expect } from 'chai';
import { writeFile } from 'node:fs/promises';
import { readAccessFile } from '../../src/cli/accessFile.ts';
import type { ControlList } from '../../src/control/controlMessages.ts';
import { Scene } from './connections.ts';
import { run } from './program.ts';

const LOOPBACK = 'tcp://127.0.0.1:0';
const [ALICE, BOB] = ['alices-secret', 'bobs-secret'];
const TOKENS = `
[[token]]
secret = "${ALICE}"
user = "alice"
session = "desk"
exclusive = true

[[token]]
secret = "${BOB}"
user = "bob"
session = "desk"
allow = ["class 03"]
`;

describe('urbdrc serve --access', () => {
  let scene: Scene;

  beforeEach(async () => {
    scene = await Scene.begin();
  });
  afterEach(() => scene.end());

  const write = async (text: string, mode = 0o600) => {
    await writeFile(scene.file('access.toml'), text, { mode });
    return scene.file('access.toml');
  };
  const control = () => ['--control', scene.file('serve.sock')];
  const sessions = async () => {
    const { stdout } = await run(['sessions', '--json', ...control()]);
    return (JSON.parse(stdout) as ControlList).sessions;
  };

  async function begin(text: string) {
    const args = ['serve', '--access', await write(text), ...control()];
    const { running: server, url } = await scene.listen(args, LOOPBACK);
    const connect = (...more: string[]) => scene.start(['redirect', '--connect', url, ...more]);
    return { server, connect };
  }

  it('knows users and sessions by their tokens', async () => {
    const { server, connect } = await begin(TOKENS);
    connect('--virtual', 'keyboard', '--token', ALICE);
    await server.line(/^device 1209:0002/);
    connect('--virtual', 'keyboard', '--token', BOB);
    await server.line(/^device 1209:0002/);
    expect((await sessions()).map(({ who, name }) => [who, name])).to.deep.equal([
      ['alice (127.0.0.1)', 'desk'],
      ['bob (127.0.0.1)', 'desk'],
    ]);
  });

  it('lets those be alone in their session who may, and tells the others by whom they were ended', async () => {
    const { server, connect } = await begin(TOKENS);
    const bob = connect('--virtual', 'keyboard', '--token', BOB);
    await server.line(/^device 1209:0002/);
    connect('--virtual', 'keyboard', '--token', ALICE, '--exclusive');
    expect(await bob.exit).to.equal(1);
    expect(bob.stderr.text).to.match(/ended the session: taken over by alice \(127\.0\.0\.1\)$/m);
    await server.line(/^device 1209:0002/);
  });

  it('refuses to be alone to those who may not, and says what to do', async () => {
    const { server, connect } = await begin(TOKENS);
    const bob = connect('--virtual', 'keyboard', '--token', BOB, '--exclusive');
    expect(await bob.exit).to.equal(1);
    expect(bob.stderr.text).to.match(
      /does not let this end in: bob may share only: connect without asking for it alone$/m,
    );
    await server.line(/^bob is not let in: bob may share only/);
    expect(await sessions()).to.deep.equal([]);
  });

  it('takes from a user the devices that its entry allows, and no others', async () => {
    const { server, connect } = await begin(TOKENS);
    connect('--virtual', 'fx2', '--virtual', 'keyboard', '--token', BOB);
    await server.line(/^client .*: refused (?!1209:0002).*: denied by default: no rule matches$/);
    await server.line(/^device 1209:0002/);
  });

  for (const [what, token] of [
    ['a wrong token', ['--token', 'eves-secret']],
    ['no token', []],
  ] as const) {
    it(`lets nobody in with ${what}`, async () => {
      const { connect } = await begin(TOKENS);
      const eve = connect('--virtual', 'keyboard', ...token);
      expect(await eve.exit).to.equal(1);
      expect(eve.stderr.text).to.match(/token/);
      expect(await sessions()).to.deep.equal([]);
    });
  }

  it('knows those without a token by their address', async () => {
    const { server, connect } = await begin('[[address]]\naddress = "127.0.0.1"\nsession = "desk"\n');
    connect('--virtual', 'keyboard');
    await server.line(/^device 1209:0002/);
    expect((await sessions()).map(({ who, name }) => [who, name])).to.deep.equal([['127.0.0.1', 'desk']]);
    const other = connect('--virtual', 'keyboard', '--exclusive');
    expect(await other.exit).to.equal(1);
    expect(other.stderr.text).to.match(/127\.0\.0\.1 may share only/);
  });

  it('lets nobody in from an address of which the file does not speak', async () => {
    const { server, connect } = await begin('[[address]]\naddress = "192.0.2.7"\n');
    const client = connect('--virtual', 'keyboard');
    expect(await client.exit).to.equal(1);
    expect(client.stderr.text).to.match(/nobody may connect from 127\.0\.0\.1 without a token/);
    await server.line(/^127\.0\.0\.1 is not let in/);
  });

  it('is refused beyond this machine where it has no tokens', async () => {
    const file = await write('[[address]]\naddress = "192.0.2.7"\n');
    const { status, stderr } = await run(['serve', '--access', file, '--listen', 'tcp://0.0.0.0:0']);
    expect(status).to.equal(2);
    expect(stderr).to.match(/a token/);
  });

  it('tells when others can read the secrets', async () => {
    const lines: string[] = [];
    const file = await write(TOKENS, 0o644);
    await readAccessFile(file, (line) => lines.push(line));
    expect(lines).to.deep.equal([`${file} has a secret and can be read by others: chmod 600 ${file}`]);
  });

  for (const [what, text, message] of [
    ['what is no TOML', '[[token', /access\.toml:1: this is not TOML/],
    ['nobody', '', /nobody may connect: add a \[\[token\]\] or \[\[address\]\]/],
    ['an entry of another kind', '[[user]]\nname = "a"', /\[\[user\]\]: write \[\[token\]\] or \[\[address\]\]/],
    ['one bracket', '[token]\nsecret = "a"', /token: write \[\[token\]\], with two brackets/],
    ['a token without a user', '[[token]]\nsecret = "a"', /\[\[token\]\] number 1: it needs user/],
    ['a token without a secret', '[[token]]\nuser = "a"', /\[\[token\]\] number 1: it needs secret/],
    ['an address without one', '[[address]]\nsession = "a"', /\[\[address\]\] number 1: it needs address/],
    ['an unknown key', '[[token]]\ntake = true', /number 1: take: it has only secret, user, session, exclusive, allow/],
    ['a text that is a number', '[[token]]\nsecret = 3', /secret: write a text in quotes/],
    ['an empty secret', '[[token]]\nsecret = ""', /secret: write a text in quotes/],
    ['a flag that is a text', '[[token]]\nexclusive = "yes"', /exclusive: write true or false/],
    ['a rule that is no list', '[[token]]\nallow = "*"', /allow: write a list of rules/],
    ['a rule that is none', '[[token]]\nsecret = "a"\nuser = "a"\nallow = ["class zz"]', /number 1: allow/],
    ['a user twice', '[[token]]\nsecret = "a"\nuser = "a"\n[[token]]\nsecret = "b"\nuser = "a"', /another token of a$/],
    [
      'a secret twice',
      '[[token]]\nsecret = "a"\nuser = "a"\n[[token]]\nsecret = "a"\nuser = "b"',
      /b has the same secret as another one$/,
    ],
    ['an address twice', '[[address]]\naddress = "a"\n[[address]]\naddress = "a"', /another entry for a$/],
  ] as const) {
    it(`refuses a file with ${what}, and says where`, async () => {
      const problem = await readAccessFile(await write(text), () => {}).catch(String);
      expect(problem).to.match(message);
    });
  }

  it('is about listeners that have tokens', async () => {
    const file = await write(TOKENS);
    const dials = await run(['serve', '--access', file, '--connect', 'tcp://127.0.0.1:1']);
    expect(dials.stderr).to.match(/--access is about who comes to --listen/);
    const rdp = await run(['serve', '--access', file, '--listen', 'rdp://127.0.0.1:0']);
    expect(rdp.stderr).to.match(/rdp:\/\/ has no tokens/);
  });
});
