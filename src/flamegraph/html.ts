import type { Profile } from '../profile/profile.ts';
import { embedProfile } from './embedded-profile.ts';
import { captureMain, documentTitle } from './page-shell.ts';
import { pageHashes, pageScript, pageStyle } from './page-bundle.ts';
import type { View } from './view.ts';

/**
 * The capture's page in one file: works from a disk, without network. Its own policy allows exactly its script and
 * its style, by hash. `base`: the baseline's profile, for difference mode.
 */
export async function renderHtml(profile: Profile, view: View, base: Profile | null = null): Promise<string> {
  const script = await pageScript();
  const style = await pageStyle();
  const hashes = await pageHashes();
  const policy = `default-src 'none'; script-src '${hashes.script}'; style-src '${hashes.style}'; img-src data:; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${documentTitle(view)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<header class="site"><span class="brand">flamepin</span></header>
${captureMain(view, null)}
${dataBlock('profile-data', profile)}
${base === null ? '' : dataBlock('base-data', base)}
<script>${script}</script>
</body>
</html>
`;
}

/** JSON that cannot end its element: every `<` is escaped, which JSON.parse undoes. */
function dataBlock(id: string, data: Profile): string {
  return `<script type="application/json" id="${id}">${JSON.stringify(embedProfile(data)).replaceAll('<', '\\u003c')}</script>`;
}
