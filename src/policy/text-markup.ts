import { codeMark } from './text-code.js'

/** What HTML loads, runs, submits, or reads as something other than text. With attributes, any tag is refused. */
const loading =
  'img image picture source svg math video audio track object embed applet param iframe frame frameset portal link ' +
  'style script base meta bgsound area map form input button select option textarea keygen isindex dialog template ' +
  'html head body title table caption colgroup col thead tbody tfoot tr td th noscript noembed noframes xmp listing ' +
  'plaintext pre marquee canvas slot'
const refusedTags: ReadonlySet<string> = new Set(loading.split(' '))
const images: ReadonlySet<string> = new Set('img image picture svg'.split(' '))
/** Types that programs name in angle brackets. As tags without attributes they do nothing. */
const types: ReadonlySet<string> = new Set(
  (
    'Image Source Video Audio Track Object Embed Param Frame Link Base Meta Area Map Form Input Button Select Option ' +
    'Dialog Template Body Head Table Col Slot Canvas'
  ).split(' '),
)

/** Without a destination, a reference or a definition, `vec![1, 2]` is Rust and `list![0]` Swift. */
const leading = /\]\s?[([]|^[ \t>*+.)\d-]*\[[^\]]{1,1000}\]:|!\[\[/m

export function hasImage(plain: string): boolean {
  return (
    (leading.test(plain) ? /(?<!<)!\[/ : /(?<![<\w)\]])!\[/).test(plain) ||
    tagsOf(plain).some(({ name, isType }) => images.has(name.toLowerCase()) && !isType)
  )
}

/** Tags that do more than mark text, tags with attributes, comments, declarations, processing instructions. */
export function hasMarkup(plain: string): boolean {
  if (/<!(?![=\s])/.test(plain)) return true
  // `Class<?>` and `List<? extends Shape>` are Java.
  if (/(?<!\w(?=<\?(?:>|\s(?:extends|super)\s[\w.]{1,80}>)))<\?/.test(plain)) return true
  return tagsOf(plain).some(
    ({ name, isType, hasAttributes }) => hasAttributes || (refusedTags.has(name.toLowerCase()) && !isType),
  )
}

interface Tag {
  readonly name: string
  /** `List<Object>`, `new Foo<Button>()`. */
  readonly isType: boolean
  readonly hasAttributes: boolean
}

/** What begins like a tag, up to the next angle bracket. A browser makes a tag of it wherever that is. */
function tagsOf(plain: string): Tag[] {
  const found = plain.matchAll(/(\w?)<(\/?)([a-z][^\s<>/=]*)([^<>]*)(>?)/gi)
  return [...found].map(({ 1: previous, 2: slash, 3: name = '', 4: rest = '', 5: end }) => {
    const isType = previous !== '' && slash === '' && rest === '' && end === '>' && types.has(name)
    const hasAttributes =
      rest.includes('=') && (end === '>' || /=\s*["'`]/.test(rest) || rest.includes(`=${codeMark}`))
    return { name, isType, hasAttributes }
  })
}
