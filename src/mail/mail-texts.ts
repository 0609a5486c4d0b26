import type { Mail } from './mailer'

/** Where the reader of a mail can go. */
export interface MailPlaces {
  /** The base of the service's own address, without a slash at its end. */
  readonly serviceUrl: string
  /** The base of the pages that take a token, where there are any. */
  readonly publicUrl: string | undefined
}

type Body = Omit<Mail, 'to'>

/**
 * Every mail that the service writes. They quote nothing that a stranger can choose, such as a name: else whoever
 * registers could have us send a text of its own to anybody.
 */
export function mailTexts(places: MailPlaces) {
  return { ...tokenTexts(places), ...NOTICES }
}

function tokenTexts(places: MailPlaces) {
  const use = (page: string, path: string, body: string, token: string) => steps(places, { page, path, body, token })
  const confirm = (token: string) => use('verify-email', 'email/verify', `{"token":"${token}"}`, token)
  return {
    verifyEmail: (token: string): Body => ({
      subject: 'Confirm your e-mail address',
      text: lines(
        'Please confirm that this is your e-mail address.',
        confirm(token),
        'This is good for 24 hours, once. If you did not ask for it, you can ignore this mail.',
      ),
    }),
    resetPassword: (token: string): Body => ({
      subject: 'Choose a new password',
      text: lines(
        'Somebody, probably you, asked for a new password for your account.',
        use('reset-password', 'password/reset', `{"token":"${token}","password":"…"}`, token),
        'This is good for one hour, once. If you did not ask for it, ignore this mail: your password stays as it is.',
      ),
    }),
    invitation: (token: string): Body => ({
      subject: 'You are invited',
      text: lines(
        'An account was made for you. Choose a password to use it.',
        use('accept-invitation', 'invitations/accept', `{"token":"${token}","password":"…"}`, token),
        'This is good for 7 days, once. If you do not know what it is about, you can ignore this mail.',
      ),
    }),
    leaveEmail: (token: string, to: string): Body => ({
      subject: 'Confirm the change of your e-mail address',
      text: lines(
        `Your account is to have another e-mail address: ${to}. It changes when both addresses have confirmed.`,
        confirm(token),
        'This is good for 24 hours, once.',
        'If you did not ask for it, do not confirm, and change your password: somebody is signed in as you.',
      ),
    }),
    joinEmail: (token: string): Body => ({
      subject: 'Confirm your new e-mail address',
      text: lines(
        'This is to be the new e-mail address of an account. It changes when both addresses have confirmed.',
        confirm(token),
        'This is good for 24 hours, once. If you did not ask for it, you can ignore this mail.',
      ),
    }),
  }
}

const NOT_YOU = 'If this was not you, ask for a new password at once, and tell an administrator.'

/** A thing has happened; there is nothing to do for whoever did it. */
const NOTICES = {
  registrationAttempt: (): Body => ({
    subject: 'You have an account already',
    text: lines(
      'Somebody tried to register with your e-mail address. You have an account already, and nothing was changed.',
      'If it was you: log in, or ask for a new password. If it was not, you can ignore this mail.',
    ),
  }),
  emailTaken: (): Body => ({
    subject: 'Your e-mail address has an account already',
    text: lines(
      'Somebody tried to move an account to your e-mail address. The address has one already, and nothing was changed.',
      'If it was not you, you can ignore this mail.',
    ),
  }),
  emailChanged: (to: string): Body => ({
    subject: 'Your e-mail address was changed',
    text: lines(`Your account now has the e-mail address ${to}, and no longer this one.`, NOT_YOU),
  }),
  passwordChanged: (): Body => ({
    subject: 'Your password was changed',
    text: lines('The password of your account was changed. All other sessions have ended.', NOT_YOU),
  }),
  authenticatorAdded: (): Body => ({
    subject: 'An authenticator was added to your account',
    text: lines('From now on signing in also asks for a code of your authenticator.', NOT_YOU),
  }),
  authenticatorRemoved: (): Body => ({
    subject: 'The authenticator was removed from your account',
    text: lines('From now on signing in asks for your password alone.', NOT_YOU),
  }),
  recoveryCodesRenewed: (): Body => ({
    subject: 'Your recovery codes were replaced',
    text: lines('Your account has new recovery codes. The earlier ones are no longer good.', NOT_YOU),
  }),
  accountLocked: (): Body => ({
    subject: 'Your account is locked for a while',
    text: lines(
      'Somebody entered a wrong password too often, so for a while nobody can log in to your account.',
      'If it was you: wait, or ask for a new password. If it was not: your password was not guessed, and you need ' +
        'not do anything.',
    ),
  }),
} as const

interface Step {
  /** The page's path below the public address. */
  readonly page: string
  /** The call's path below `/api/v1/auth/`. */
  readonly path: string
  readonly body: string
  readonly token: string
}

/** With a public address a link for people; always the call itself, for those who have no page for it. */
function steps({ serviceUrl, publicUrl }: MailPlaces, { page, path, body, token }: Step): string {
  const call = [
    `curl -X POST ${serviceUrl}/api/v1/auth/${path} \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d '${body}'`,
  ].join('\n')
  const code = `Your code: ${token}`
  return publicUrl === undefined
    ? `${code}\n\n${call}`
    : `${publicUrl}/${page}?token=${token}\n\n${code}\n\nOr, without the page:\n\n${call}`
}

function lines(...paragraphs: readonly string[]): string {
  return `${paragraphs.join('\n\n')}\n`
}
