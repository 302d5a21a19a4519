import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stableName } from '../../../src/profile/stable-name.ts';

describe('the same code has the same name in two runs', () => {
  const sameCode: readonly (readonly [what: string, one: string, other: string, stable: string])[] = [
    [
      'hidden lambda classes',
      'a/Foo$$Lambda$23/0x0000000800c03000.run',
      'a/Foo$$Lambda.0x00007f12a8b03.run',
      'a/Foo$$Lambda.run',
    ],
    ['lambda bodies', 'a/Foo.lambda$price$3', 'a/Foo.lambda$price$12', 'a/Foo.lambda$price'],
    ['Scala functions', 'a/Foo$.$anonfun$map$1', 'a/Foo$.$anonfun$map$7', 'a/Foo$.$anonfun$map'],
    ["the JDK's proxies", 'jdk/proxy2/$Proxy33.find', 'jdk/proxy3/$Proxy41.find', 'jdk/proxy/$Proxy.find'],
    [
      'proxies of JDK 8',
      'com/sun/proxy/$Proxy3.find',
      'com/sun/proxy/$Proxy12.find',
      'com/sun/proxy/$Proxy.find',
    ],
    [
      'Spring proxies',
      'a/Svc$$EnhancerBySpringCGLIB$$a1b2.price',
      'a/Svc$$EnhancerBySpringCGLIB$$ffe0.price',
      'a/Svc$$EnhancerBySpringCGLIB.price',
    ],
    [
      'Spring 6 proxies',
      'a/Svc$$SpringCGLIB$$0.price',
      'a/Svc$$SpringCGLIB$$2.price',
      'a/Svc$$SpringCGLIB.price',
    ],
    [
      'Hibernate proxies',
      'a/User$HibernateProxy$xYz12.getName',
      'a/User$HibernateProxy$Qrs9.getName',
      'a/User$HibernateProxy.getName',
    ],
    [
      'reflection accessors',
      'jdk/internal/reflect/GeneratedMethodAccessor45.invoke',
      'jdk/internal/reflect/GeneratedMethodAccessor7.invoke',
      'jdk/internal/reflect/GeneratedMethodAccessor.invoke',
    ],
    [
      'method handles',
      'java/lang/invoke/LambdaForm$MH/0x0000000800c1.invoke',
      'java/lang/invoke/LambdaForm$MH123.invoke',
      'java/lang/invoke/LambdaForm$MH.invoke',
    ],
  ];
  for (const [what, one, other, stable] of sameCode) {
    it(what, () => {
      assert.equal(stableName(one), stable);
      assert.equal(stableName(other), stable);
    });
  }

  it('leaves names that nobody generated alone', () => {
    for (const name of [
      'com/a/face/Decade.deadbeef',
      'com/a/Sha256.digest2',
      'Foo$1.run',
      'a/Lambda.b',
      'PhaseIdealLoop::build',
    ]) {
      assert.equal(stableName(name), name);
    }
    assert.equal(stableName('a/Foo$$Lambda$1/0x00000008.facade'), 'a/Foo$$Lambda.facade');
  });
});
