/**
 * The one stylesheet. Colours are named by what they mean and come in pairs for light and dark; states are told by a
 * word and a shape too, never by colour alone. Everything fits 390 pixels: tables become cards, the navigation a row.
 */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #f7f7f5; --paper: #ffffff; --raised: #f1f1ee; --line: #e3e3df; --strong-line: #cfcfca;
  --ink: #1d1f22; --soft: #5d6269; --faint: #656a72;
  --accent: #0b6b60; --accent-ink: #ffffff; --accent-soft: #dff1ee;
  --good: #17693f; --good-soft: #dff3e7; --busy: #1d56b4; --busy-soft: #e2ecfb;
  --wait: #8a5100; --wait-soft: #fbeed8; --bad: #a8231c; --bad-soft: #fbe5e3; --none: #565b62; --none-soft: #ececea;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace;
  --round: 8px; --side: 212px;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #121416; --paper: #191c1f; --raised: #212529; --line: #2b3035; --strong-line: #3b4147;
    --ink: #e8e9eb; --soft: #a9afb7; --faint: #8f969f;
    --accent: #5cd0bd; --accent-ink: #0c1a18; --accent-soft: #16322e;
    --good: #6dd29b; --good-soft: #16301f; --busy: #86b3ff; --busy-soft: #17273f;
    --wait: #f0b45a; --wait-soft: #35270f; --bad: #ff8f86; --bad-soft: #3b1a18; --none: #a9afb7; --none-soft: #262a2e;
  }
}
* { box-sizing: border-box }
html { scroll-padding-top: 4rem; -webkit-text-size-adjust: 100% }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 14px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  font-variant-numeric: tabular-nums; display: grid; grid-template-columns: var(--side) minmax(0, 1fr); min-height: 100vh;
}
a { color: var(--accent); text-decoration: none }
a:hover { text-decoration: underline }
p a, dd a, li a, .break a, .notice a { text-decoration: underline; text-decoration-thickness: 1px; text-underline-offset: .2em }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0; font-weight: 650; letter-spacing: -.01em; overflow-wrap: anywhere }
h2 { font-size: 1rem; margin: 0; font-weight: 620 }
h3 { font-size: .9rem; margin: 0; font-weight: 620 }
p { margin: 0 }
code, pre, .mono { font-family: var(--mono); font-size: .92em }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.5 }
.skip { position: absolute; left: -999px }
.skip:focus { left: 1rem; top: 1rem; background: var(--paper); padding: .5rem .75rem; z-index: 9 }

.side { border-right: 1px solid var(--line); padding: 1.1rem .75rem; position: sticky; top: 0; height: 100vh; display: flex; flex-direction: column; gap: 1.1rem; overflow-y: auto }
.brand { display: flex; align-items: center; gap: .55rem; padding: 0 .5rem; color: var(--ink); font-weight: 680; font-size: 1.08rem; letter-spacing: -.01em }
.brand:hover { text-decoration: none }
.brand svg { width: 22px; height: 22px; color: var(--accent) }
.side nav { display: flex; flex-direction: column; gap: 1px }
.side nav a { display: flex; justify-content: space-between; align-items: center; gap: .5rem; padding: .4rem .55rem; border-radius: 6px; color: var(--soft) }
.side nav a:hover { background: var(--raised); text-decoration: none; color: var(--ink) }
.side nav a[aria-current] { background: var(--accent-soft); color: var(--accent); font-weight: 600 }
.side .foot { margin-top: auto; padding: 0 .5rem; color: var(--faint); font-size: .85rem; display: grid; gap: .4rem }
.side .foot svg { display: none; width: 20px; height: 20px }
.count { min-width: 1.5em; padding: 0 .4em; border-radius: 999px; background: var(--none-soft); color: var(--none); font-size: .8rem; text-align: center; font-weight: 600 }
.count.is-wait { background: var(--wait-soft); color: var(--wait) }
.count.is-bad { background: var(--bad-soft); color: var(--bad) }

main { overflow-wrap: anywhere; padding: 1.5rem clamp(1rem, 3vw, 2.25rem) 4rem; max-width: 1280px; display: grid; gap: 1.4rem; align-content: start; min-width: 0 }
.head { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; justify-content: space-between }
.head > div { min-width: 0 }
.trail { color: var(--faint); font-size: .88rem }
.lead { color: var(--soft); max-width: 70ch }
.row { display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: center }
.row.line { flex-wrap: nowrap; align-items: baseline } .row.line > * { flex: none } .row.line > .break, .row.line > h3 { flex: 0 1 auto; min-width: 0 }
.push { margin-left: auto }
.stack { display: grid; gap: .75rem; min-width: 0 }
.stack.tight { gap: .25rem }
.soft { color: var(--soft) }
.faint { color: var(--faint) }
.small { font-size: .88rem }
.command { user-select: all }
.nowrap { white-space: nowrap }
.right { text-align: right }
.break { overflow-wrap: anywhere }
.clip { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: 26rem }

.card { background: var(--paper); border: 1px solid var(--line); border-radius: var(--round); padding: 1rem 1.1rem; display: grid; gap: .75rem; align-content: start; min-width: 0 }
.card > .head h2 { font-size: .98rem }
.card.flush { padding: 0; gap: 0; overflow: hidden }
.card.flush > .head { padding: .8rem 1.1rem; border-bottom: 1px solid var(--line) }
.card.is-wait { border-color: var(--wait) }
.card.is-bad { border-color: var(--bad) }
.grid { display: grid; gap: 1rem; grid-template-columns: repeat(12, minmax(0, 1fr)) }
.grid > * { grid-column: span 12 }
@media (min-width: 1000px) { .half { grid-column: span 6 !important } .third { grid-column: span 4 !important } .twothird { grid-column: span 8 !important } }

.tiles { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fit, minmax(148px, 1fr)) }
.tile { background: var(--paper); border: 1px solid var(--line); border-radius: var(--round); padding: .75rem .9rem; display: grid; gap: .1rem; align-content: start; color: var(--ink) }
a.tile:hover { border-color: var(--strong-line); text-decoration: none }
.tile b { font-size: 1.5rem; line-height: 1.2; font-weight: 640; letter-spacing: -.02em }
.tile span { color: var(--soft); font-size: .86rem }
.tile.is-wait b { color: var(--wait) } .tile.is-bad b { color: var(--bad) } .tile.is-good b { color: var(--good) }

.pill { display: inline-flex; align-items: center; gap: .38em; padding: .05rem .5rem; border-radius: 999px; font-size: .82rem; font-weight: 560; white-space: nowrap; background: var(--none-soft); color: var(--none) }
.pill::before { content: ""; width: .5em; height: .5em; border-radius: 50%; background: currentColor; flex: none }
.pill.is-good { background: var(--good-soft); color: var(--good) }
.pill.is-busy { background: var(--busy-soft); color: var(--busy) }
.pill.is-wait { background: var(--wait-soft); color: var(--wait) }
.pill.is-wait::before { border-radius: 1px }
.pill.is-bad { background: var(--bad-soft); color: var(--bad) }
.pill.is-bad::before { border-radius: 0; clip-path: polygon(50% 0, 100% 100%, 0 100%) }
.tag { display: inline-block; padding: 0 .4rem; border: 1px solid var(--line); border-radius: 5px; font-family: var(--mono); font-size: .82rem; color: var(--soft); overflow-wrap: anywhere }

table { width: 100%; border-collapse: collapse }
th { text-align: left; font-size: .8rem; font-weight: 560; color: var(--faint); padding: .5rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap }
td { padding: .5rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere }
th:first-child, td:first-child { padding-left: 1.1rem } th:last-child, td:last-child { padding-right: 1.1rem }
tbody tr:last-child td { border-bottom: 0 }
tbody tr:hover { background: color-mix(in srgb, var(--raised) 55%, transparent) }
td.num, th.num { text-align: right; white-space: nowrap }
table.list { table-layout: fixed }
th.w-time { width: 7.2rem } th.w-name { width: 9.5rem } th.w-wide { width: 12rem } th.w-num { width: 6.8rem }
.outcomes { gap: .25rem .4rem } .outcome { color: inherit; max-width: 100% } .outcome .pill { white-space: normal } .outcome:hover { text-decoration: none; filter: brightness(.96) }
tr.is-new td { animation: arrive 2.4s ease-out }
@keyframes arrive { from { background: var(--accent-soft) } to { background: transparent } }
@media (prefers-reduced-motion: reduce) { tr.is-new td { animation: none } }

dl.facts { display: grid; grid-template-columns: minmax(7rem, max-content) minmax(0, 1fr); gap: .3rem 1.1rem; margin: 0 }
dl.facts dt { color: var(--faint) }
dl.facts dd { margin: 0; overflow-wrap: anywhere; min-width: 0 }

.block { background: var(--raised); border-radius: 6px; padding: .65rem .8rem; font-family: var(--mono); font-size: .86rem; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 28rem; overflow: auto; line-height: 1.5 }
.said { border-left: 3px solid var(--strong-line); padding: .1rem 0 .1rem .75rem; white-space: pre-wrap; overflow-wrap: anywhere; color: var(--ink) }
.said-by { font-size: .8rem; color: var(--faint) }
details > summary { cursor: pointer; color: var(--soft); list-style-position: outside }
details[open] > summary { margin-bottom: .5rem }

button, .button, input, select, textarea { font: inherit; color: inherit }
button, .button { display: inline-flex; align-items: center; justify-content: center; gap: .4rem; padding: .38rem .8rem; border-radius: 6px; border: 1px solid var(--strong-line); background: var(--paper); cursor: pointer; font-weight: 540; min-height: 2.1rem }
button:hover, .button:hover { background: var(--raised); text-decoration: none }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--accent-ink) }
button.primary:hover { filter: brightness(1.08) }
button.danger { color: var(--bad); border-color: var(--bad) }
button:disabled { opacity: .55; cursor: default }
button.plain { border: 0; background: none; padding: 0; min-height: 0; color: var(--accent); font-weight: inherit }
input, select, textarea { border: 1px solid var(--strong-line); border-radius: 6px; background: var(--paper); padding: .38rem .6rem; min-height: 2.1rem; max-width: 100%; min-width: 0 }
input:not([type=radio], [type=checkbox]), select { height: calc(1.55em + .76rem + 2px) }
textarea { width: 100%; font-family: var(--mono); font-size: .88rem }
label { display: grid; gap: .2rem; color: var(--soft); font-size: .86rem }
.filters { display: flex; flex-wrap: wrap; gap: .6rem; align-items: end }
.filters :is(input, select, button, .button) { height: 2.25rem }
.filters label { flex: 1 1 8.5rem; max-width: 15rem }
.filters label.grow { flex: 3 1 16rem; max-width: none }
kbd { font-family: var(--mono); font-size: .78rem; border: 1px solid var(--strong-line); border-bottom-width: 2px; border-radius: 4px; padding: 0 .3rem; color: var(--soft) }

.notice { border: 1px solid var(--line); border-left: 4px solid var(--none); border-radius: 6px; background: var(--paper); padding: .6rem .85rem; display: grid; gap: .15rem }
.notice.is-bad { border-left-color: var(--bad) } .notice.is-wait { border-left-color: var(--wait) } .notice.is-good { border-left-color: var(--good) }
.fault { color: var(--bad) }
.empty { padding: 2rem 1.25rem; display: grid; gap: .5rem; justify-items: center; text-align: center; color: var(--soft) }
.empty b { color: var(--ink); font-size: 1.02rem; font-weight: 600 }
.empty .block { text-align: left; max-width: 100% }
.more { padding: .8rem; text-align: center } .below { padding: .6rem 1.1rem .8rem; border-top: 1px solid var(--line) }
.head .filters { flex-wrap: nowrap } .head .filters label { min-width: 8.5rem }

.steps { list-style: none; margin: 0; padding: 0; display: grid }
.steps > li { position: relative; padding: 0 0 1.1rem 1.75rem; min-width: 0; display: grid; gap: .35rem }
.steps > li::before { content: ""; position: absolute; left: .42rem; top: .45rem; width: .62rem; height: .62rem; border-radius: 50%; background: var(--paper); border: 2px solid var(--none) }
.steps > li::after { content: ""; position: absolute; left: .7rem; top: 1.25rem; bottom: -.35rem; width: 1px; background: var(--line) }
.steps > li:last-child::after { display: none }
.steps > li.is-good::before { border-color: var(--good); background: var(--good) } .steps > li.is-busy::before { border-color: var(--busy) }
.steps > li.is-wait::before { border-color: var(--wait); border-radius: 2px } .steps > li.is-bad::before { border-color: var(--bad); background: var(--bad); border-radius: 2px }
.steps .at { color: var(--faint); font-size: .84rem; font-family: var(--mono) }

svg.chart { display: block; width: 100%; height: auto; overflow: visible }
.chart text { font: 11px system-ui, sans-serif; fill: var(--faint) }
.chart .label { fill: var(--ink); font-size: 12px }
.chart .axis { stroke: var(--line); stroke-width: 1 }
.chart .fill-good { fill: var(--good) } .chart .fill-busy { fill: var(--busy) } .chart .fill-wait { fill: var(--wait) }
.chart .fill-bad { fill: var(--bad) } .chart .fill-none { fill: var(--strong-line) } .chart .fill-accent { fill: var(--accent) }
.chart .line-accent { stroke: var(--accent); fill: none; stroke-width: 1.5 } .chart .line-busy { stroke: var(--busy); fill: none; stroke-width: 1.5 }
.chart .is-dot { stroke-width: 6 }
.chart .area { fill: var(--accent-soft) }
dialog:not([open]) { display: none }
.arrival { display: grid; gap: .3rem 1.25rem; min-width: 0 } .arrival > * { min-width: 0; align-content: start }
@media (min-width: 700px) { .arrival { grid-template-columns: minmax(0, 2fr) minmax(0, 3fr) } .arrival > .notice { grid-column: span 2 } }
.plot { margin: 0; display: grid; gap: .2rem; min-width: 0 }
.plot figcaption { display: flex; justify-content: space-between; gap: .75rem; color: var(--faint); font-size: .78rem }
svg.chart.is-high { height: 84px } svg.chart.is-low { height: 30px } svg.chart.shares { height: 10px; border-radius: 3px; overflow: hidden }
svg.chart.swatch { width: 10px; height: 10px; flex: none }
.legend { display: flex; flex-wrap: wrap; gap: .15rem .9rem; color: var(--soft); font-size: .82rem } .legend span { display: inline-flex; gap: .35rem; align-items: center }
svg.meter { display: block; width: 100%; height: 6px; border-radius: 3px; overflow: hidden } .meter .back { fill: var(--none-soft) }
.live { display: inline-flex; gap: .4rem; align-items: center; color: var(--faint); font-size: .86rem }
.live::before { content: ""; width: .55em; height: .55em; border-radius: 50%; background: var(--none) }
.live.is-on::before { background: var(--good) } .live.is-off::before { background: var(--wait) }

@media (max-width: 820px) {
  body { display: block }
  .side { position: sticky; top: 0; z-index: 5; height: auto; flex-direction: row; align-items: center; gap: .35rem; padding: .45rem .5rem; border-right: 0; border-bottom: 1px solid var(--line); background: var(--ground); overflow: visible }
  .side nav { flex-direction: row; overflow-x: auto; scrollbar-width: none; flex: 1; padding-right: 1rem; mask-image: linear-gradient(to left, transparent, #000 1rem) }
  .side nav a { white-space: nowrap; padding: .35rem .42rem; gap: .3rem }
  .side .foot { display: flex; margin: 0; padding: 0 } .side .foot { align-items: center; gap: .35rem } .side .foot > .role { display: none } .side .foot button { padding: .35rem } .side .foot button span { display: none } .side .foot svg { display: block }
  .live { font-size: 0; gap: 0 } .live::before { width: 9px; height: 9px } .live.is-off::before { border-radius: 1px }
  .brand span { display: none }
  main { padding: 1rem .85rem 3rem; gap: 1.1rem }
  h1 { font-size: 1.2rem }
  .card { padding: .85rem .9rem }
  table.stacks thead { position: absolute; left: -9999px }
  table.stacks tr { display: grid; gap: .1rem .75rem; grid-template-columns: 1fr auto; padding: .6rem .9rem; border-bottom: 1px solid var(--line) }
  table.stacks td { padding: 0 !important; border: 0; min-width: 0 }
  table.stacks td.wide { grid-column: 1 / -1 }
  table.stacks td.num, table.stacks td.end { text-align: right }
  table.stacks td[data-label]::before { content: attr(data-label) ' '; color: var(--faint); font-size: .82rem }
  table.stacks td.num[data-label] { text-align: left }
  .clip { max-width: 62vw }
  .deeds kbd { display: none }
  table.runs tr { grid-template-columns: 1fr auto auto } table.runs td:nth-child(2) { grid-column: 2 / -1; text-align: right }
  dl.facts { grid-template-columns: 1fr; gap: .05rem } dl.facts dd { margin-bottom: .45rem }
  .filters label { flex: 1 1 44%; max-width: none } .filters > :is(button, .button) { flex: 1 1 5rem }
}
.grid > .stack { align-content: start } .grid > :not(.stack) > .card:only-child { height: 100% }
.card.flush > table + table { border-top: 1px solid var(--line) }
@media (max-width: 480px) { .tiles > :last-child:nth-child(odd) { grid-column: 1 / -1 } }
.pan { overflow-x: auto } .pan svg { min-width: 640px }
.card.low { padding: .45rem 1.1rem }
.call { border-top: 1px solid var(--line); padding-top: .85rem; gap: .6rem }
.asked { background: var(--raised); border-radius: 6px; padding: .6rem .8rem }
.target { font-size: 1rem }
.deeds { display: grid; gap: .75rem; border-top: 1px solid var(--line); padding-top: .85rem } .deeds .grow { flex: 1; min-width: 0 }
.deeds kbd { color: inherit; opacity: .75 } .way { display: flex; gap: .6rem; align-items: start; color: inherit; padding: .3rem 0 } .way input { min-height: 0; margin-top: .25rem; flex: none }
@media (min-width: 700px) { .deeds { grid-template-columns: auto minmax(0, 1fr) } .deeds > .whole { grid-column: span 2 } }
.choices { border: 1px solid var(--line); border-radius: 6px; margin: 0; padding: .2rem .7rem .4rem; display: flex; flex-wrap: wrap; gap: 0 1.1rem; min-width: 0 } .choices legend { color: var(--soft); font-size: .86rem; padding: 0 .3rem }
.decided { display: grid; gap: .9rem 2rem; min-width: 0; align-items: start } @media (min-width: 1100px) { .decided { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr) } }
.budget { display: grid; gap: .2rem; max-width: 34rem } .cause > .head { flex-wrap: nowrap; align-items: baseline } .cause > .head > a { flex: none } .cause .amount { font-size: 1.35rem; line-height: 1.2 } .plan { display: grid; gap: .4rem }
.page details > summary { list-style-position: inside }
.page .said { max-height: 28rem; overflow: auto }
.page :is(ul, ol) { margin: 0; padding-left: 1.2rem }
.page details > summary .row { display: inline-flex; vertical-align: middle }
@media (min-width: 700px) { .steps.timed > li { grid-template-columns: 13.5rem minmax(0, 1fr); column-gap: 1rem; padding-bottom: .7rem } .steps.timed > li > :nth-child(n + 3) { grid-column: 2 } }
.login { display: grid; place-items: center; grid-column: 1 / -1; min-height: 100vh; padding: 1rem }
.login .card { width: min(26rem, 100%); gap: 1rem; padding: 1.5rem }
`
