import { describe, expect, it } from 'vitest'
import { Counter, expose, Histogram } from '../../src/util/metrics.js'

describe('the exposition', () => {
  it('has a family’s help and type once, then its series', () => {
    const counter = new Counter('a_total', 'What a is.', ['source', 'state'])
    counter.add(['ci', 'recorded'])
    counter.add(['ci', 'recorded'], 2)
    counter.add(['ci', 'duplicate'])
    expect(expose([counter.family()])).toBe(`# HELP a_total What a is.
# TYPE a_total counter
a_total{source="ci",state="recorded"} 3
a_total{source="ci",state="duplicate"} 1
`)
  })

  it('adds a histogram’s buckets up, and ends with all', () => {
    const histogram = new Histogram('b_seconds', 'b', ['tool'], [0.1, 1])
    for (const value of [0.05, 0.1, 0.5, 7]) histogram.observe(['x'], value)
    expect(expose([histogram.family()]).split('\n').slice(2, -1)).toEqual([
      'b_seconds_bucket{tool="x",le="0.1"} 2',
      'b_seconds_bucket{tool="x",le="1"} 3',
      'b_seconds_bucket{tool="x",le="+Inf"} 4',
      'b_seconds_sum{tool="x"} 7.65',
      'b_seconds_count{tool="x"} 4',
    ])
  })

  it('escapes what would end a value or a line', () => {
    const samples = [{ labels: { a: 'x"\\\ny' }, value: 1 }]
    const [help, , line] = expose([{ name: 'c', type: 'gauge', help: 'one\ntwo', samples }]).split('\n')
    expect(help).toBe('# HELP c one\\ntwo')
    expect(line).toBe('c{a="x\\"\\\\\\ny"} 1')
  })

  it('leaves out a family without a sample', () => {
    expect(expose([new Counter('a_total', 'a', []).family()])).toBe('\n')
  })

  it('loses no observation where there are more series than are kept', () => {
    const histogram = new Histogram('b_seconds', 'b', ['tool'], [1])
    for (let at = 0; at < 3000; at++) histogram.observe([`t${at}`], 0.5)
    const counts = histogram.family().samples.filter(({ suffix }) => suffix === '_count')
    expect(counts.reduce((sum, { value }) => sum + value, 0)).toBe(3000)
    expect(counts.at(-1)).toMatchObject({ labels: { tool: 'other' }, value: 1000 })
  })

  it('keeps a bounded number of series, whatever is counted', () => {
    const counter = new Counter('a_total', 'a', ['x'])
    for (let at = 0; at < 5000; at++) counter.add([`${at}`])
    const { samples } = counter.family()
    expect(samples.length).toBe(2001)
    expect(samples.at(-1)).toMatchObject({ labels: { x: 'other' }, value: 3000 })
  })
})
