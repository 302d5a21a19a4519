import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  applicationPackages,
  frameKind,
  ownerOf,
  type ApplicationCode,
} from '../../../src/profile/frame-kind.ts';
import type { FrameType } from '../../../src/profile/sampling.ts';
import { syntheticProfile } from '../../given/profile.ts';

const shop: ApplicationCode = { mainClass: 'com.acme.shop.Main', applicationPackages: [] };

describe('whose code a frame is', () => {
  const cases: readonly (readonly [name: string, type: FrameType, kind: string])[] = [
    ['com/acme/shop/RuleSet.scan', 'jit', 'application'],
    ['com/acme/pricing/Engine.run', 'inlined', 'application'],
    ['org/springframework/web/servlet/DispatcherServlet.doDispatch', 'jit', 'framework'],
    ['io/somebody/library/Thing.go', 'jit', 'framework'],
    ['java/util/HashMap.get', 'c1', 'jdk'],
    ['jdk/internal/misc/Unsafe.park', 'jit', 'jdk'],
    ['javafx/Thing.go', 'jit', 'framework'],
    ['byte[]', 'kernel', 'jdk'],
    ['java.lang.String', 'inlined', 'jdk'],
    ['com.acme.shop.Cart', 'inlined', 'application'],
    ['do_syscall_64', 'kernel', 'kernel'],
    ['finish_task_switch.isra.0', 'kernel', 'kernel'],
    ['__libc_read', 'native', 'native'],
    ['ObjectMonitor::enter', 'cpp', 'native'],
    ['G1ParScanThreadState::trim_queue', 'cpp', 'gc-jit'],
    ['PhaseIdealLoop::build_and_optimize', 'cpp', 'gc-jit'],
    ['CompileBroker::compiler_thread_loop', 'cpp', 'gc-jit'],
    ['Main.main', 'jit', 'application'],
  ];
  for (const [name, type, kind] of cases) {
    it(`${name} is ${kind}`, () => {
      assert.equal(frameKind(name, type, shop), kind);
    });
  }

  it('configured packages beat the list of frameworks', () => {
    const code = { mainClass: null, applicationPackages: ['org.apache.mine'] };
    assert.equal(frameKind('org/apache/mine/Job.run', 'jit', code), 'application');
    assert.equal(frameKind('org/apache/minerals/Job.run', 'jit', code), 'framework');
  });
});

describe('application code without configuration', () => {
  it('is recognised when the main class belongs to a framework', () => {
    const profile = syntheticProfile(
      [
        {
          stack: ['java/lang/Thread.run', 'org/springframework/A.b', 'com/acme/orders/Orders.find'],
          count: 9,
        },
        { stack: ['java/lang/Thread.run', 'org/springframework/A.b', 'de/firma/Dienst.tue'], count: 3 },
      ],
      { mainClass: 'org.springframework.boot.loader.JarLauncher' },
    );
    assert.deepEqual(applicationPackages(profile), ['com.acme', 'de.firma']);
  });

  it('is the program where software that others use as a framework runs alone', () => {
    const network = ['java/lang/Thread.run', 'kafka/network/Processor.run'];
    const kafka = syntheticProfile(
      [
        { stack: [...network, 'org/apache/kafka/common/network/Selector.poll'], count: 9 },
        { stack: ['java/lang/Thread.run', 'com/yammer/metrics/core/Meter.tick'], count: 1, slots: [0] },
      ],
      { mainClass: 'kafka.Kafka' },
    );
    assert.deepEqual(applicationPackages(kafka), ['com.yammer', 'kafka', 'org.apache.kafka']);
  });

  it('is its own where it runs within such software, or uses its client', () => {
    const spark = ['java/lang/Thread.run', 'org/apache/spark/executor/Executor.run'];
    const job = syntheticProfile(
      [
        { stack: spark, count: 6 },
        { stack: [...spark, 'com/acme/jobs/Totals.sum'], count: 6 },
      ],
      { mainClass: 'org.apache.spark.executor.CoarseGrainedExecutorBackend' },
    );
    assert.deepEqual(applicationPackages(job), ['com.acme']);
    const consumer = syntheticProfile(
      [{ stack: ['java/lang/Thread.run', 'org/apache/kafka/clients/consumer/KafkaConsumer.poll'], count: 9 }],
      { mainClass: null },
    );
    assert.deepEqual(applicationPackages(consumer), []);
  });

  it('is the program of the main class where that is on the list of frameworks and nothing else runs', () => {
    const artemis = syntheticProfile(
      [{ stack: ['java/lang/Thread.run', 'org/apache/activemq/artemis/core/Journal.sync'], count: 9 }],
      { mainClass: 'org.apache.activemq.artemis.boot.Artemis' },
    );
    assert.deepEqual(applicationPackages(artemis), ['org.apache.activemq']);
    const boot = syntheticProfile(
      [{ stack: ['java/lang/Thread.run', 'org/springframework/web/A.b'], count: 9 }],
      { mainClass: 'org.springframework.boot.loader.JarLauncher' },
    );
    assert.deepEqual(applicationPackages(boot), []);
  });

  it('belongs to the person, not to the hosting site', () => {
    assert.equal(ownerOf('io.github.someone.tool.core'), 'io.github.someone');
    assert.equal(ownerOf('com.acme.shop.orders'), 'com.acme');
  });
});
