/** What strangers write: markup, templates, links, direction and terminal codes, NUL. */
export const hostiles = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</textarea></pre></article><form action=//evil.test><button data-key=a>',
  'javascript:alert(1) [y](https://evil.test) ![x](https://evil.test/a.png)',
  '\u202eevil\u2066\u200b\u0007\u001b[2J\u0000',
  '&lt;b&gt;&#60;',
]

/** The tags of a page with the names of their attributes, in order: what text must not change. */
export function shapeOf(html: string): string[] {
  return (html.match(/<[^>]*>/g) ?? []).map((tag) => tag.replace(/="[^"]*"/g, ''))
}

/** Characters that are not seen, or that turn a line around. */
export function hiddenIn(html: string): string[] {
  return html.replaceAll('\n', '').match(/[\p{Cc}\p{Cf}]/gu) ?? []
}
