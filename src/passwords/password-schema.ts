import type { CustomHelpers, StringSchema } from 'joi'
import { joi } from '../http/joi'
import { BASIC_RULES, createPasswordPolicy, type PasswordPolicy } from './password-policy'

/** What validation knows of the service, beside the schemas: joi's context. */
export interface PasswordContext {
  readonly passwordPolicy?: PasswordPolicy
}

/** Stands in the description of a password until the policy in force is known. */
export const PASSWORD_POLICY_TEXT = '{password policy}'

/** The fields beside a password that say whose it is. */
const ABOUT = ['email', 'name', 'first_name', 'last_name'] as const

const basicPolicy = createPasswordPolicy(BASIC_RULES)

/**
 * A password that somebody chooses: by the policy of `PasswordContext`, and every rule that it breaks is told. Its
 * messages never show the value.
 */
export function passwordSchema(): StringSchema {
  return joi
    .string()
    .custom(checked)
    .messages({
      'password.characters': '{{#label}} must be valid Unicode without NUL',
      'password.common': '{{#label}} is among the passwords that everybody tries first',
      'password.score': '{{#label}} is too easy to guess',
      'password.word': '{{#label}} must not hold a word that is refused here',
      'string.min': '{{#label}} must be at least {{#limit}} bytes long in UTF-8',
      'string.max': '{{#label}} must be at most {{#limit}} bytes long in UTF-8',
      'string.pattern.name': '{{#label}} must contain at least one {{#name}}',
    })
    .description(PASSWORD_POLICY_TEXT)
    .example('Password@123')
}

function checked(password: string, helpers: CustomHelpers<string>): unknown {
  const { passwordPolicy = basicPolicy } = (helpers.prefs.context ?? {}) as PasswordContext
  const problems = passwordPolicy.problems(password, aboutOwner(helpers.state.ancestors as readonly unknown[]))
  if (problems.length === 0) return password
  const errors = (helpers as CustomHelpers<string> & { errorsArray: () => unknown[] }).errorsArray()
  for (const { code, ...local } of problems) errors.push(helpers.error(code, local))
  return errors
}

function aboutOwner([parent]: readonly unknown[]): readonly string[] {
  if (typeof parent !== 'object' || parent === null) return []
  return ABOUT.map((field) => (parent as Record<string, unknown>)[field]).filter((text) => typeof text === 'string')
}
