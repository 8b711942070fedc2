import type { Page } from 'playwright-core'
import { describeTemplate } from './harness/describe-template.ts'

async function hasState(page: Page, state: string): Promise<void> {
  await page
    .getByRole('status')
    .filter({ hasText: new RegExp(`^${state}$`) })
    .waitFor()
}

async function ready(page: Page): Promise<void> {
  await hasState(page, 'Live')
}

describeTemplate('express-dashboard', { ready }, () => {})
