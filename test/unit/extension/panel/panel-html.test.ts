import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageHtml, panelHtml } from '../../../../extension/panel/panel-html';

const html = panelHtml({
  cspSource: 'https://*.example',
  script: 'https://x.example/panel.js',
  style: 'https://x.example/panel.css?a=1&b="2"',
  nonce: 'abc123',
});

test('the page’s policy allows its own script and style and nothing else', () => {
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
  assert.match(policy, /^default-src 'none';/);
  assert.match(policy, /script-src 'nonce-abc123'(;|$)/);
  assert.doesNotMatch(policy, /unsafe|\*[ ;]|http:/);
  const scripts = html.match(/<script\b[^>]*>/g);
  assert.deepEqual(scripts, ['<script nonce="abc123" src="https://x.example/panel.js">']);
  assert.doesNotMatch(html, /<style| style=| on\w+=/);
});

test('addresses cannot break out of their attribute', () => {
  assert.ok(html.includes('href="https://x.example/panel.css?a=1&amp;b=&quot;2&quot;"'));
});

test('a message shows hostile text as text, with no script allowed', () => {
  const message = messageHtml('<b>', '</p><script>alert(1)</script>');
  assert.doesNotMatch(message, /<script|<b>/);
  assert.match(message, /content="default-src 'none'"/);
});
