import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openModel } from '../../src/models/registry.js'
import { json, startModelEndpoint } from '../support/model-endpoint.js'
import { anySignal, dependencies, modelRequest, modelSettings } from '../support/model-fixtures.js'
import { vendorAnswers } from '../support/vendor-answers.js'

function openAt(baseUrl: string, directory = tmpdir()) {
  return openModel(modelSettings({ baseUrl }), { ...dependencies, directory })
}

describe('opening a model', () => {
  it('opens an endpoint for a URL', async () => {
    const endpoint = await startModelEndpoint(json(vendorAnswers.responses.text('hi')))
    onTestFinished(() => endpoint.close())
    expect((await openAt(endpoint.url).ask(modelRequest(), anySignal())).text).toBe('hi')
  })

  it('opens the scripted model without a script for "scripted:"', async () => {
    const answer = await openAt('scripted:').ask(modelRequest(), anySignal())
    expect(answer.model).toBe('scripted')
  })

  it('reads the script of "scripted:<path>" once, from the directory of the configuration', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'rouse-script-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const file = join(directory, 'script.yaml')
    writeFileSync(file, '- agent: tester\n  turns: [{ say: from the file }]\n')
    const model = openAt('scripted:./script.yaml', directory)
    writeFileSync(file, 'something else')
    expect((await model.ask(modelRequest(), anySignal())).text).toBe('from the file')
    expect(() => openAt('scripted:./script.yaml', directory)).toThrow(/the top/)
  })

  it('says which script is missing', () => {
    expect(() => openAt('scripted:/no/such/script.yaml')).toThrow('/no/such/script.yaml')
  })
})
