import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { maskSecrets } from '../../../src/jfr/mask-arguments.ts';
import { collapsed } from '../../../src/profile/collapsed.ts';
import { readProfile } from '../../../src/profile/reading/read-profile.ts';
import { Failure } from '../../../src/reasons/failure.ts';
import { type JfrWriter, writeChunk } from '../../given/jfr-writer.ts';
import { classes, poolCount, pools, sample, shopChunk, type } from '../../given/shop-chunk.ts';

type Encoding = 'utf8' | 'latin1' | 'chars';

function started(writer: JfrWriter, jvmArguments: string, javaArguments: string, encoding: Encoding): void {
  writer.event(type.jvm, (event) =>
    event.integer(0, 8).text(jvmArguments, encoding).text(javaArguments, encoding),
  );
  sample(writer, 5);
}

/** The bytes of a recording as text, characters of arrays without their padding. */
const readable = (bytes: Buffer) => bytes.toString('latin1').replaceAll('\0', '').replaceAll('\xaa', '*');

for (const compressed of [true, false]) {
  for (const encoding of ['utf8', 'latin1', 'chars'] as const) {
    describe(`Arguments written as ${encoding} with ${compressed ? 'compressed' : 'uncompressed'} numbers`, () => {
      it('are overwritten in place, and the recording stays readable', () => {
        const recording = shopChunk(compressed, (writer) => {
          started(
            writer,
            '-Xmx2g -Ddb.password=geheimß staubig -XX:+UseZGC -XX:OnError=curl -javaagent:/a.jar=key=abc --token=t0k',
            'acme.Shop --api-key s3cret',
            encoding,
          );
        });
        const before = recording.length;
        const lines = collapsed(readProfile(recording), 'cpu');
        maskSecrets(recording);
        assert.equal(recording.length, before);
        const text = readable(recording);
        for (const secret of ['geheim', 'staubig', 'curl', 'key=abc', 't0k', 'api-key', 's3cret']) {
          assert.equal(text.includes(secret), false, secret);
        }
        for (const kept of [
          '-Xmx2g -Ddb.password=*',
          ' -XX:+UseZGC -XX:OnError=**** -javaagent:*',
          'acme.Shop **',
        ]) {
          assert.ok(
            text.includes(kept),
            `${kept} in ${text.slice(text.indexOf('-Xmx'), text.indexOf('-Xmx') + 130)}`,
          );
        }
        const profile = readProfile(recording);
        assert.equal(collapsed(profile, 'cpu'), lines);
        assert.equal(profile.mainClass, 'acme.Shop');
      });
    });
  }

  describe(`Secrets with ${compressed ? 'compressed' : 'uncompressed'} numbers`, () => {
    it('are masked in every chunk', () => {
      const chunk = shopChunk(compressed, (writer) => started(writer, '-Dp=hunter2', 'a.B hunter2', 'utf8'));
      const recording = Buffer.concat([chunk, chunk, chunk]);
      maskSecrets(recording);
      assert.equal(recording.includes('hunter2'), false);
    });

    it('are masked in the string pool', () => {
      const recording = writeChunk({
        compressed,
        classes,
        events: (writer) => {
          writer.event(type.jvm, (event) => event.integer(0, 8).pooledText(50).pooledText(51));
          writer.event(type.property, (event) => event.integer(0, 8).text('db.url').pooledText(52));
        },
        pools: {
          count: poolCount + 1,
          write: (writer) => {
            pools(writer);
            writer.integer(type.text, 8).integer(4, 4);
            writer.integer(50, 8).text('-Dpw=hunter2 -Xss1m').integer(51, 8).text('a.B hunter2');
            writer
              .integer(52, 8)
              .text('jdbc:hunter2')
              .integer(53, 8)
              .text('hunter3, which no secret field names');
          },
        },
      });
      maskSecrets(recording);
      assert.equal(recording.includes('hunter2'), false);
      assert.ok(
        recording.includes('hunter3') &&
          recording.includes('db.url') &&
          recording.includes('-Dpw=******* -Xss1m'),
      );
    });

    it('are masked in a property, whose name stays', () => {
      const recording = shopChunk(compressed, (writer) =>
        writer.event(type.property, (event) => event.integer(0, 8).text('api.token').text('hunter2')),
      );
      maskSecrets(recording);
      assert.equal(recording.includes('hunter2'), false);
      assert.ok(recording.includes('api.token'));
    });

    it('are blanked in a partial event at the end of a truncated recording', () => {
      const chunk = shopChunk(compressed, (writer) => {
        sample(writer, 1);
        started(writer, '-Dp=hunter2', 'a.B hunter2', 'utf8');
      });
      const cut = Buffer.from(chunk.subarray(0, chunk.indexOf('hunter2') + 7));
      assert.ok(cut.includes('hunter2'));
      maskSecrets(cut);
      assert.equal(cut.includes('hunter2'), false);
      const later = Buffer.concat([chunk, cut.subarray(0, 40), Buffer.from('hunter2')]);
      maskSecrets(later);
      assert.equal(later.includes('hunter2'), false);
    });

    it('are never reported as masked when the schema cannot be read', () => {
      const recording = shopChunk(compressed, (writer) => started(writer, '-Dp=hunter2', 'a.B', 'utf8'));
      recording.fill(0xff, 80, 120);
      assert.throws(
        () => maskSecrets(recording),
        (error) => error instanceof Failure && error.code === 'recording-damaged',
      );
    });
  });
}
