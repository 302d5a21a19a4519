import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { extractProfile, type EmbeddedProfile } from '../../../src/flamegraph/embedded-profile.ts';
import { renderHtml } from '../../../src/flamegraph/html.ts';
import { pageScript } from '../../../src/flamegraph/page-bundle.ts';
import type { Profile } from '../../../src/profile/profile.ts';
import { hostileProfile } from '../../given/hostile-profile.ts';
import { healthyShop, shopView, slowShop } from '../../given/shop-profile.ts';

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

describe('the flame graph in one file', () => {
  it('is the same for the same recording', async () => {
    assert.equal(
      await renderHtml(slowShop(), shopView, healthyShop()),
      await renderHtml(slowShop(), shopView, healthyShop()),
    );
  });

  it('allows exactly its own script and style, by their hashes, and no network', async () => {
    const html = await renderHtml(slowShop(), shopView);
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)![1]!;
    const scripts = Array.from(html.matchAll(/<script>([\s\S]*?)<\/script>/g), ([, text]) => hashOf(text!));
    const styles = Array.from(html.matchAll(/<style>([\s\S]*?)<\/style>/g), ([, text]) => hashOf(text!));
    assert.equal(
      policy,
      `default-src 'none'; script-src ${scripts.join(' ')}; style-src ${styles.join(' ')}; img-src data:; base-uri 'none'; form-action 'none'`,
    );
    assert.equal(scripts.length, 1);
    assert.equal(styles.length, 1);
    // Links wait for a reader; nothing else may lead outside.
    assert.doesNotMatch(html, /<(?!a )[a-z]+ [^>]*(?:src|href)="(?:https?:)?\/\//);
  });

  it('carries the whole profile except line numbers, hostile names intact', async () => {
    for (const profile of [slowShop(), hostileProfile()]) {
      const html = await renderHtml(profile, shopView);
      const data = /<script type="application\/json" id="profile-data">([^<]*)<\/script>/.exec(html)![1]!;
      assert.deepEqual(extractProfile(JSON.parse(data) as EmbeddedProfile), {
        ...(JSON.parse(JSON.stringify(profile)) as Profile),
        stacks: { ...profile.stacks, line: [] },
      });
    }
  });

  it('has a script without the schema library, and without eval', async () => {
    const script = await pageScript();
    assert.ok(script.length < 250_000, `the page's script has ${script.length} bytes`);
    assert.doesNotMatch(script, /safeParse|[^.\w}]eval\(|new Function\b|innerHTML|document\.write/);
  });
});
