/** The documents that a run panel shows. Pure text: no vscode. */

/** Where the page's parts are, as the webview may load them. */
export interface PanelResources {
  /** `webview.cspSource`. */
  readonly cspSource: string;
  readonly script: string;
  readonly style: string;
  /** New for each document. */
  readonly nonce: string;
}

/** The page: one script, one style sheet, a policy that allows these and nothing else. */
export function panelHtml({ cspSource, script, style, nonce }: PanelResources): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource}`,
    `img-src ${cspSource} blob: data:`,
    `font-src ${cspSource}`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>EBM Lab run</title>
  <link rel="stylesheet" href="${escapeHtml(style)}">
</head>
<body>
  <script nonce="${nonce}" src="${escapeHtml(script)}"></script>
</body>
</html>`;
}

/** A page that only says something: no script may run in it. */
export function messageHtml(heading: string, text: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta http-equiv="Content-Security-Policy" content="default-src 'none'">
  <title>${escapeHtml(heading)}</title>
</head>
<body>
  <h1>${escapeHtml(heading)}</h1>
  <p role="alert">${escapeHtml(text)}</p>
</body>
</html>`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
