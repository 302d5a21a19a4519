import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { programName, safeCommandLine } from '../../../src/profiler/command-line.ts';

describe('the command line that is shown', () => {
  it('shows flags and main class, and nothing that may be a secret', () => {
    const args = [
      '/opt/java/bin/java',
      '-Xmx2g',
      '-XX:+UseG1GC',
      '-XX:OnError=curl -d s3cret',
      '-Ddb.password=s3cret',
      '-javaagent:/agent.jar=token=s3cret',
      '-Xlog:gc:file=/s3cret',
      '-cp',
      '/app/lib/s3cret.jar:/app',
      'com.example.Shop',
      '--password',
      's3cret',
    ];
    assert.equal(
      safeCommandLine(args),
      '/opt/java/bin/java -Xmx2g -XX:+UseG1GC -XX:OnError com.example.Shop',
    );
    assert.equal(programName(args), 'com.example.Shop');
  });

  it('names a jar or a module', () => {
    assert.equal(safeCommandLine(['java', '-jar', '/srv/app.jar', 's3cret']), 'java -jar /srv/app.jar');
    assert.equal(programName(['java', '-jar', '/srv/app.jar', 's3cret']), 'app.jar');
    assert.equal(programName(['java', '-p', 'mods', '-m', 'shop/com.example.Shop']), 'com.example.Shop');
  });

  it('stays short, and names at least the program', () => {
    assert.equal(safeCommandLine(['java', 'x'.repeat(2000)]).length, 500);
    assert.equal(programName(['/usr/bin/java', '@options']), 'java');
    assert.equal(safeCommandLine([]), '');
  });
});
