/** Slack's and Discord's own forms. They ring wherever they stand, in code too. `List<@NonNull T>` is Java. */
const groups = '<!(?:channel|here|everyone|group|subteam\\^\\w{1,30})(?:\\|[^<>`\\r\\n]{0,80})?>'
const members = '<@[!&]?(?:\\d{1,30}|[A-Z][A-Z\\d]{2,30})(?:\\|[^<>`\\r\\n]{0,80})?>'
const pings = new RegExp(`<!(?:channel|here|everyone|group|subteam)\\b|${members}`)

export function isPinging(text: string): boolean {
  return pings.test(text)
}

/** For tools that may ping: `<!here>` is then no markup. */
export function withoutPings(text: string): string {
  return text.replace(new RegExp(`${groups}|${members}`, 'g'), '.')
}

/**
 * `@name`, `@org/team`, and the forms of Jira (`[~name]`), Bitbucket (`@{id}`) and Azure DevOps (`@<id>`). Not
 * `name@example.com`, not the path of an address.
 */
const mention = /(?<![A-Za-z\d]_?)[@＠﹫](?:[\p{L}\p{N}_]|[{<][\p{L}\p{N}_])|\[~\w/u
/** Discord rings these wherever they stand. */
const everyone = /[@＠﹫](?:everyone|here|channel|all)(?![\w-]|\.\w)/iu

/** `@5pm`, `@17:30`, `@8h30`. */
const time = /[@＠﹫]\d{1,2}(?:[:.h]\d{2}(?:[ap]m|h|Uhr)?|[ap]m|h|Uhr)(?![\p{L}\p{N}_/-]|\.\w)/giu
/** Packages of npm: `@types/node`. GitHub takes a name before a slash for a team of the repository's owner, or for nothing. */
const npmPackage = new RegExp(
  `(?<![\\p{L}\\p{N}_@/])@(?:${[
    'types babel angular vue nestjs aws-sdk typescript-eslint eslint testing-library tanstack mui emotion reduxjs',
    'storybook rollup vitejs sveltejs nuxt prisma apollo fortawesome sentry opentelemetry biomejs swc tailwindcss',
  ]
    .join(' ')
    .split(' ')
    .join('|')})/[a-z\\d][a-z\\d._-]*(?:@[\\^~]?\\d[\\w.-]*)?(?![\\w/@])`,
  'gu',
)

export function isMentioning(plain: string): boolean {
  const known = plain.replace(npmPackage, '.').replace(time, '.')
  const words = known.replace(/https?:\/\/[\w./~%+@:-]+/gi, (address) => address.replaceAll('@', 'a'))
  return mention.test(words) || everyone.test(words)
}

const line = '^[^\\S\\r\\n]*(?:>[^\\S\\r\\n]*)*(?:(?:[-*+]|\\d{1,9}[.)])[^\\S\\r\\n]+(?:>[^\\S\\r\\n]*)*)*'
/** Directories that begin a sentence: `/tmp is full`. */
const directories = '(?:tmp|etc|usr|var|proc|mnt|srv|sbin|lib)(?=\\s|$)'
const command = new RegExp(`${line}/(?!${directories})[a-z][\\w-]*(?=\\s|$)`, 'im')
/** Prow reads these in code too. Not more of them: a list of directories may stand in code. */
const prow =
  /^\/(?:lgtm|approve|hold|unhold|test|retest|retest-required|ok-to-test|override|skip|(?:un)?assign|(?:un)?cc|close|reopen|merge|cherry-?pick|label|milestone|lifecycle|retitle|remove-[\w-]+)(?=[^\S\r\n]|[\r\n]|$)/im

/** Lines that begin with a slash command. `text`: with its code. */
export function isCommanding(plain: string, text: string): boolean {
  return command.test(plain) || prow.test(text)
}
