/**
 * A browser as a command (`BROWSER="node browser.ts PERSON RECORD %s"`): signs PERSON in at the local identity provider,
 * and notes in the file RECORD that it was opened.
 */
import { appendFileSync } from 'node:fs'
import { createBrowser } from '../../../support/web-browser.ts'

const [person = '', record = '', address = ''] = process.argv.slice(2)
appendFileSync(record, 'opened\n')

const browser = createBrowser()
const question = await browser.open(address)
await browser.open(question.url.href, new URLSearchParams({ person }))
