/**
 * The browser that the SDK opens (`BROWSER="node browser.ts PERSON RECORD %s &"`): signs PERSON in at the local identity
 * provider, follows every redirect up to the SDK's own listener, and notes in the file RECORD that it was opened.
 */
import { appendFileSync } from 'node:fs'
import { createBrowser } from '../../support/web-browser.ts'

const [person = '', record = '', address = ''] = process.argv.slice(2)
appendFileSync(record, `${new URL(address).origin}\n`)

const browser = createBrowser()
const question = await browser.open(address)
await browser.open(question.url.href, new URLSearchParams({ person }))
