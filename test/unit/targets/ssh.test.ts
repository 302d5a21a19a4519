import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { plainName } from '../../../src/targets/ssh/check-hosts.ts';
import { readAddress, writeAddress } from '../../../src/targets/ssh/destination.ts';
import { readLook } from '../../../src/targets/ssh/look.ts';
import { MarkedOutput } from '../../../src/targets/ssh/marked-output.ts';
import { quoted } from '../../../src/targets/ssh/quote.ts';
import { sshTargets } from '../../../src/targets/ssh/ssh.ts';

describe('an address of a host', () => {
  it('names a user, a port and a process, or leaves them open', () => {
    assert.deepEqual(readAddress('ssh://app-1'), {
      destination: { user: null, host: 'app-1', port: null },
      pid: null,
    });
    for (const uri of [
      'ssh://ops@app-1.example.com:2222/4711',
      'ssh://[2001:db8::7]:22/1',
      'ssh://10.0.0.7/1',
    ]) {
      const { destination, pid } = readAddress(uri);
      assert.equal(writeAddress(destination, pid ?? 0), uri);
    }
  });

  it('is refused where ssh or a shell could take a part of it for something else', () => {
    for (const uri of [
      'ssh://-oProxyCommand=x',
      'ssh://-l@host',
      'ssh://user@-host',
      'ssh://user;id@host',
      'ssh://$(id)',
      'ssh://a b',
      'ssh://host:0',
      'ssh://host:65536',
      'ssh://host/pid',
      'ssh://[10.0.0.7]',
      'ssh://',
      'ssh://a@b@c',
      'ssh://host%00',
    ])
      assert.throws(() => readAddress(uri), /is not ssh:\/\/\[user@\]host\[:port\]\[\/pid\]/, uri);
  });
});

it('words are read by a shell as they were', () => {
  const words = ["it's", "''", '$(id)', 'two\nlines', '', '\\', '"'];
  const read = execFileSync('sh', ['-c', `printf '%s|' ${quoted(words)}`], { encoding: 'utf8' });
  assert.equal(read, words.map((word) => `${word}|`).join(''));
});

describe('what a command prints between its marks', () => {
  it('is kept apart from what a login shell prints, in pieces of any size', () => {
    const output = new MarkedOutput(1000);
    for (const byte of Buffer.from('Welcome\nflamepin-begun\nflamepin-begun\nout'))
      output.addStdout(Buffer.from([byte]));
    output.addStderr(Buffer.from('err'));
    assert.equal(output.end, null);
    output.addStderr(Buffer.from('flamepin-ended=255\n'));
    assert.deepEqual(
      [output.begun, output.stdout.toString(), output.stderr, output.end],
      [true, 'flamepin-begun\nout', 'err', 255],
    );
  });
});

describe('what a host says of its JVMs', () => {
  const text =
    'boot=bf86caba-3bc4-4ae2-8ffe-183da55b2a0e\nhostname=app-1\nbtime=1796001936\nuid=7001\nuser=flamepin\n' +
    'jvm=4711\nticks=12\nused=3\nowner=7001\nname=flamepin\ncontained=no\napart=no\nlistens=yes\ngroup=/system.slice/shop.service\ngroup=/user.slice\narg=java\narg=-jar\n';

  it('is read whole', () => {
    const seen = readLook(`${text}listed=1\n`);
    assert.equal(seen?.hostname, 'app-1');
    assert.deepEqual(seen.jvms[0], {
      pid: 4711,
      startTicks: '12',
      usedTicks: 3,
      uid: '7001',
      user: 'flamepin',
      contained: false,
      apart: false,
      listens: 'yes',
      groups: ['/system.slice/shop.service', '/user.slice'],
      args: ['java', '-jar'],
    });
  });

  it('is not believed where it was cut, or names a user whom sudo could take for an option', () => {
    assert.equal(readLook(text), null);
    assert.equal(readLook(`${text}listed=2\n`), null);
    assert.equal(readLook(`${text.replace('name=flamepin', 'name=-s')}listed=1\n`), null);
    assert.equal(readLook('sudo: a password is required\n'), null);
  });
});

it('a pattern of the inventory is asked by doctor where it is one name', () => {
  assert.equal(plainName('app-1[.]example[.]com'), 'app-1.example.com');
  assert.equal(plainName('app-1'), 'app-1');
  assert.equal(plainName(String.raw`app-1\.example`), 'app-1.example');
  for (const pattern of ['app-[0-9]+', 'app-1.example', 'app-.*', 'a|b'])
    assert.equal(plainName(pattern), null);
});

it('explain and mode observe log in nowhere: they say which host would be asked', async () => {
  const targets = sshTargets({ hosts: ['app-[0-9]+'], hostLabels: [], unitLabels: [], agentSocket: null });
  const request = { startsAt: '', generatorUrl: '', readOnly: true as const };
  const { signal } = new AbortController();
  await assert.rejects(targets.resolve({ ...request, labels: { instance: 'app-3:8080' } }, signal), {
    code: 'choice-needs-exec',
    detail: 'the JVMs on app-3',
  });
  await assert.rejects(targets.resolve({ ...request, labels: { instance: 'db-1:8080' } }, signal), {
    code: 'not-here',
  });
});
